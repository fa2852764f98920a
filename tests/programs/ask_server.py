"""Starts a server, asks it for its first page, prints the page and ends the server."""

import subprocess
import sys
import time
import urllib.request

server = subprocess.Popen(sys.argv[1:])
try:
    for _ in range(100):
        try:
            with urllib.request.urlopen("http://127.0.0.1:8000/", timeout=5) as page:
                print("page:", page.read().decode())
            break
        except OSError:
            time.sleep(0.1)
    else:
        sys.exit("no answer in 10 s")
finally:
    server.terminate()
    server.wait()
