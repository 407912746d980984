FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=5000 \
    DATA_DIR=/var/lib/exchange

WORKDIR /opt/exchange

COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt

COPY . .

# The journal is written by this user alone, into a volume that outlives the container.
RUN useradd --system --home-dir /opt/exchange exchange \
    && mkdir -p "$DATA_DIR" \
    && chown exchange "$DATA_DIR"
USER exchange
VOLUME /var/lib/exchange

EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=2)"]

CMD ["python", "-m", "order_engine", "serve"]
