#!/bin/sh
# Makes the certificate of compose.yaml's domain, once; readable by the nodes' user.
set -eu
cd "${1:-/certificates}"
if [ ! -f key.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
    -subj /CN=meridian.localhost -addext subjectAltName=DNS:meridian.localhost \
    -keyout key.pem -out certificate.pem
fi
chmod 644 certificate.pem
chown 1000:1000 key.pem certificate.pem
chmod 600 key.pem
