#!/bin/bash
# Makes an Amazon Linux 2023 instance the demo's Vault: as root, once, with what it is to
# be in /etc/demo-vault/environment. No key is in that file, in an argument or in what is
# printed here, which cloud-init logs.
#
# Given names of steps it does those alone, below $ROOT.
set -euo pipefail
umask 022

ROOT=${ROOT:-}
HERE=$(cd "$(dirname "$0")" && pwd)
SOURCE=$(cd "$HERE/../../.." && pwd)
APP=${APP:-/opt/vault-secrets-replicator}
DATA=$ROOT/var/lib/demo-vault
TLS=$DATA/tls

packages() {
  dnf install --assumeyes --quiet python3.11 openssl logrotate xfsprogs
  python3.11 -m venv "$APP"
  hashed "$APP" build
  hashed "$APP" receiver
  "$APP/bin/pip" install --quiet --no-deps --no-build-isolation --no-index "$SOURCE"
  python3.11 -m venv /opt/openbao
  hashed /opt/openbao openbao
}

hashed() {
  "$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$SOURCE/requirements/$2.lock"
}

# The disk that holds the data. One that has a file system already is never formatted.
disk() {
  local device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME/-/}
  if [ ! -e "$device" ]; then
    ours infra.vault.on_instance attach "$(cloud-init query instance_id)"
    timeout 60 bash -c "until [ -e '$device' ]; do sleep 1; done"
  fi
  local found=0
  blkid --probe "$device" || found=$?
  if [ "$found" = 2 ]; then
    mkfs.xfs -q "$device"
  fi
  mkdir -p "$DATA"
  grep -q " $DATA " /etc/fstab || echo "$device $DATA xfs nofail,nodev,nosuid 0 2" >> /etc/fstab
  mountpoint -q "$DATA" || mount "$DATA"
}

files() {
  local vault=$SOURCE/infra/vault systemd=$SOURCE/infra/systemd
  local etc=$ROOT/etc units=$ROOT/etc/systemd/system
  put "$vault/sysusers.conf" "$etc/sysusers.d/openbao-demo.conf"
  put "$systemd/sysusers.conf" "$etc/sysusers.d/vault-secrets-replicator.conf"
  put "$vault/logrotate.conf" "$etc/logrotate.d/openbao-demo"
  put "$vault/openbao.hcl" "$etc/openbao/openbao.hcl"
  put "$HERE/seal.hcl" "$etc/openbao/seal.hcl"
  put "$HERE/forwarder.yaml" "$etc/vault-audit-forwarder/forwarder.yaml"
  put "$HERE/demo-vault-keys.service" "$units/demo-vault-keys.service"
  local name
  for name in openbao vault-audit-forwarder; do
    put "$HERE/$name.conf" "$units/$name.service.d/demo.conf"
  done
  put "$vault/openbao.service" "$units/openbao.service"
  put "$systemd/vault-audit-forwarder.service" "$units/vault-audit-forwarder.service"
}

put() {
  install -D -m 0644 "$1" "$2"
}

# A CA that lives as long as the disk, and a certificate that lives as long as an instance.
certificate() (
  umask 077
  mkdir -p "$TLS"
  if [ ! -e "$TLS/ca.crt" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
      -subj "/CN=Demo CA of $VAULT_HOST" -addext keyUsage=critical,keyCertSign,cRLSign \
      -keyout "$TLS/ca.key" -out "$TLS/ca.crt.new"
    mv "$TLS/ca.crt.new" "$TLS/ca.crt"
  fi
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=$VAULT_HOST" -keyout "$TLS/server.key" -out "$TLS/server.csr"
  openssl x509 -req -in "$TLS/server.csr" -CA "$TLS/ca.crt" -CAkey "$TLS/ca.key" \
    -days 397 -out "$TLS/server.crt" -extfile <(
      echo "subjectAltName=DNS:$VAULT_HOST,IP:127.0.0.1"
      echo "extendedKeyUsage=serverAuth"
    )
  install -D -m 0644 "$TLS/server.crt" "$ROOT/etc/openbao/tls.crt"
)

start() {
  systemd-sysusers
  # The numbers of users may be others than those of the instance before.
  install -d -m 0700 "$DATA/raft"
  chown -R openbao:vault "$DATA/raft"
  systemctl daemon-reload
  systemctl enable --now demo-vault-keys vault-audit-forwarder openbao
}

# A server that was born already may have given its shares away.
birth() {
  local state
  export VAULT_ADDR=${VAULT_ADDR:-https://127.0.0.1:8200} VAULT_CACERT=$TLS/ca.crt
  state=$(ours infra.vault status) || [ $? = 2 ]
  if [ "$state" = "not initialized" ]; then
    ours infra.vault init --keys "$DATA/keys"
  fi
  ours infra.vault.on_instance publish "$TLS/ca.crt"
}

ours() {
  (cd "$SOURCE" && "$APP/bin/python" -m "$@")
}

set -a
# shellcheck source=/dev/null
. "$ROOT/etc/demo-vault/environment"
set +a
for step in "${@:-packages disk files certificate start birth}"; do
  for one in $step; do "$one"; done
done
