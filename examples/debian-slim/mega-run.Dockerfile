# What people write without wheelbarrow when the image must be small: one RUN, no layer to reuse.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 libyaml-0-2 python3 \
 && apt-get install -y --no-install-recommends python3-venv python3-dev gcc libc6-dev libpq-dev libyaml-dev \
 && python3 -m venv /opt/venv && /opt/venv/bin/python -m pip install --no-cache-dir pycryptodome==3.20.0 psycopg2==2.9.9 \
 && /opt/venv/bin/python -m pip install --no-cache-dir --no-binary pyyaml pyyaml==6.0.2 \
 && apt-get purge -y --auto-remove python3-venv python3-dev gcc libc6-dev libpq-dev libyaml-dev && rm -rf /var/lib/apt/lists/* ~/.cache
ENV PATH=/opt/venv/bin:$PATH
COPY my.py /
CMD ["python", "/my.py"]
