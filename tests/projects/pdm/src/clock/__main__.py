"""Says when 1970 began, with an extension module on the way."""

from dateutil.parser import parse
from markupsafe import Markup, _speedups

print(Markup("pdm %s") % parse("1970-01-01").date(), _speedups.__name__)
