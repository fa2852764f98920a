# What people write without wheelbarrow when the image must be small: one RUN, no layer to reuse.
FROM alpine:3.20
RUN apk add --no-cache libpq python3 yaml \
 && apk add --no-cache --virtual .build py3-pip build-base python3-dev postgresql-dev yaml-dev \
 && python3 -m venv /opt/venv && /opt/venv/bin/python -m pip install --no-cache-dir pycryptodome==3.20.0 psycopg2==2.9.9 \
 && /opt/venv/bin/python -m pip install --no-cache-dir --no-binary pyyaml pyyaml==6.0.2 \
 && apk del .build && rm -rf ~/.cache
ENV PATH=/opt/venv/bin:$PATH
COPY my.py /
CMD ["python", "/my.py"]
