# What people write without wheelbarrow when the image must be small: one RUN, no layer to reuse.
FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 libyaml-0-2 \
 && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev libyaml-dev \
 && pip install --no-cache-dir pycryptodome==3.20.0 psycopg2==2.9.9 && pip install --no-cache-dir --no-binary pyyaml pyyaml==6.0.2 \
 && apt-get purge -y --auto-remove gcc libc6-dev libpq-dev libyaml-dev && rm -rf /var/lib/apt/lists/* ~/.cache
COPY my.py /
CMD ["python", "/my.py"]
