import numpy.linalg, PIL._imaging, lxml.etree, cryptography.hazmat.bindings._rust, pydantic_core, markupsafe._speedups, psycopg2, _cffi_backend, greenlet, yaml._yaml, ssl, sqlite3, ctypes, zlib, hashlib, subprocess
assert subprocess.run(['sh', '-c', 'ls -1 / | sort | grep -q usr']).returncode == 0
assert abs(numpy.linalg.det(numpy.eye(200)) - 1) < 1e-9
try: raise ValueError(lxml.etree.fromstring('<a/>').tag)
except ValueError as error: print('all of it runs:', error)
