# Makes a root in /arch whose packages the real pacman installs: files of Debian's packages, packed anew.
set -e
# pack NAME VERSION DEPENDENCIES DIRECTORY: installs the content of a directory as a package.
pack() {
  {
    printf 'pkgname = %s\npkgbase = %s\npkgver = %s\npkgdesc = %s\narch = x86_64\nsize = 1\nlicense = MIT\n' "$1" "$1" "$2" "$1"
    for one in $3; do printf 'depend = %s\n' "$one"; done
  } > "$4/.PKGINFO"
  (cd "$4" && tar --zstd -cf "/packages/$1-$2-x86_64.pkg.tar.zst" .PKGINFO *)
  pacman --config /pacman.conf --root /arch --noconfirm -U "/packages/$1-$2-x86_64.pkg.tar.zst" > /dev/null
}
# unpack DIRECTORY PACKAGE...: the files of Debian's packages, with a merged /usr as Arch has it.
unpack() {
  into=$1; shift
  mkdir -p "$into/usr/lib64" && ln -s usr/lib "$into/lib" && ln -s usr/lib64 "$into/lib64"
  (cd /packages && apt-get download -q -o APT::Sandbox::User=root "$@" > /dev/null)
  for one in "$@"; do dpkg-deb --fsys-tarfile /packages/"$one"_*.deb | tar -x --keep-directory-symlink -C "$into"; done
  rm "$into/lib" "$into/lib64"
}
# Without the mount table of a container there is no free space to check.
printf '[options]\nArchitecture = auto\nSigLevel = Never\n' > /pacman.conf
mkdir -p /packages /work /arch/var/lib/pacman /arch/etc /arch/usr/lib64
ln -s usr/lib /arch/lib && ln -s usr/lib64 /arch/lib64 && ln -s usr/bin /arch/bin
printf 'ID=arch\nPRETTY_NAME="Arch Linux"\n' > /arch/etc/os-release
unpack /work/glibc libc6
pack glibc 2.41-1 '' /work/glibc
unpack /work/zlib zlib1g
pack zlib 1:1.3.1-2 'glibc>=2.38' /work/zlib
unpack /work/python python3.13-minimal libpython3.13-minimal libpython3.13-stdlib python3-minimal libexpat1
pack python 3.13.5-1 'zlib' /work/python
mkdir -p /work/libgreet/usr/lib
gcc -shared -fPIC -DPLACE='"/usr"' -Wl,-soname,libgreet.so.1 -o /work/libgreet/usr/lib/libgreet.so.1.0 /greet.c
ln -s libgreet.so.1.0 /work/libgreet/usr/lib/libgreet.so.1
ln -s libgreet.so.1 /work/libgreet/usr/lib/libgreet.so
pack libgreet 1.2-3 'glibc' /work/libgreet
# Packages of a repository have a checksum there.
sed -i '/%VALIDATION%/{n;s/none/sha256/}' /arch/var/lib/pacman/local/*/desc
# An environment with a module that needs the library.
mkdir -p /arch/opt/venv/bin /arch/opt/venv/lib/python3.13/site-packages/greet-1.0.dist-info
printf 'home = /usr/bin\nversion = 3.13.5\ninclude-system-site-packages = false\n' > /arch/opt/venv/pyvenv.cfg
ln -s /usr/bin/python3.13 /arch/opt/venv/bin/python
cd /arch/opt/venv/lib/python3.13/site-packages
gcc -shared -fPIC $(python3-config --includes) -DNAME='"greet"' -DINIT=PyInit_greet -o greet.cpython-313-x86_64-linux-gnu.so \
  /greet_module.c -Wl,--no-as-needed -L/arch/usr/lib -l:libgreet.so -L/arch/usr/lib/x86_64-linux-gnu -l:libz.so.1 -lc
printf 'Metadata-Version: 2.1\nName: greet\nVersion: 1.0\n' > greet-1.0.dist-info/METADATA
printf 'greet.cpython-313-x86_64-linux-gnu.so,,\ngreet-1.0.dist-info/METADATA,,\ngreet-1.0.dist-info/RECORD,,\n' > greet-1.0.dist-info/RECORD
