# What people write without wheelbarrow when the image must be small: one RUN, no layer to reuse.
FROM python:3.11-alpine3.20
ENV CFLAGS=-I/usr/local/include/python3.11
RUN apk add --no-cache libpq yaml && apk add --no-cache --virtual .build build-base postgresql-dev yaml-dev \
 && pip install --no-cache-dir pycryptodome==3.20.0 psycopg2==2.9.9 && pip install --no-cache-dir --no-binary pyyaml pyyaml==6.0.2 \
 && apk del .build && rm -rf ~/.cache
COPY my.py /
CMD ["python", "/my.py"]
