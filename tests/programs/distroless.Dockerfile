FROM debian:bookworm-slim AS packages
RUN apt-get update && mkdir /debs && cd /debs && apt-get download base-files netbase tzdata media-types libc6 libssl3 libgcc-s1 gcc-12-base libgomp1 \
 libstdc++6 libbz2-1.0 libcom-err2 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libnsl2 libpython3.11-minimal libpython3.11-stdlib \
 python3-distutils libreadline8 libsqlite3-0 libtinfo6 libtirpc3 libuuid1 python3.11-minimal zlib1g libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1
RUN mkdir -p /root-fs/var/lib/dpkg/status.d && for deb in /debs/*.deb; do dpkg -x $deb /unpacked && \
 dpkg --field $deb > /root-fs/var/lib/dpkg/status.d/$(dpkg --field $deb Package) && cp -a /unpacked/. /root-fs/ && rm -rf /unpacked; done \
 && ln -s python3.11 /root-fs/usr/bin/python3 && ln -s python3.11 /root-fs/usr/bin/python && rm -rf /root-fs/usr/share/doc /root-fs/usr/share/man
FROM scratch AS distroless
COPY --from=packages /root-fs/ /

