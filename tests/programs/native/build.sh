# Libraries and modules that call them, in the builder alone: `tiny` needs `deep`, each where only the
# configuration leads ($LIB); `one` and `two` need a `shared` each, by their own run path, of one name.
# `deep` is also linked with $MORE.
set -e
cd /src
mkdir -p /opt/x/lib /opt/y/lib
library() {
  gcc -shared -fPIC -Wl,-soname,"$(basename "$1")" -o "$@"
}
library "$LIB/libdeep.so.1" -DNAME=deep -DNUMBER=40 number.c -Wl,--no-as-needed $MORE
library "$LIB/libtiny.so.1" -DNAME=tiny -DCALL=deep sum.c "$LIB/libdeep.so.1"
library /opt/x/lib/libshared.so.1 -DNAME=shared -DNUMBER=100 number.c
library /opt/y/lib/libshared.so.1 -DNAME=shared -DNUMBER=200 number.c
library /opt/x/lib/libone.so.1 -DNAME=one -DCALL=shared sum.c -Wl,-rpath,'$ORIGIN' /opt/x/lib/libshared.so.1
library /opt/y/lib/libtwo.so.1 -DNAME=two -DCALL=shared sum.c -Wl,-rpath,'$ORIGIN' /opt/y/lib/libshared.so.1
site=$(ls -d /opt/venv/lib/python3*/site-packages)
for one in "tiny:$LIB" one:/opt/x/lib two:/opt/y/lib; do
  name=${one%%:*}
  gcc -shared -fPIC $(python3-config --includes) -DCALL="$name" -DINIT="PyInit_$name" -o "$site/$name.so" module.c "${one#*:}/lib$name.so.1"
done
