"""What the final image runs: every package, each through its native library."""
import psycopg2
import yaml
from Crypto.Cipher import AES

assert yaml.__with_libyaml__
AES.new(b"0" * 16, AES.MODE_GCM)
print("psycopg2", psycopg2.__version__, "yaml", yaml.__version__, "ok")
