for kind in "$@"; do
  /opt/$kind/bin/python /import_all.py
  cp -a /opt/$kind "/opt/moved $kind"
  "/opt/moved $kind/bin/python" /import_all.py
  if test -x /opt/$kind/bin/flask; then "/opt/moved $kind/bin/flask" --version | grep -q 'Flask 3.0.'; fi
done
