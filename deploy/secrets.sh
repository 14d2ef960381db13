#!/bin/sh
# Makes the secrets that compose.yaml mounts, in deploy/secrets/, and leaves alone those that are there.
#
# The folder is for its owner only (0700); that guards the files on the host. The files themselves can be read by anybody
# who gets that far (0444), since each container reads its own as a user of its own, and a mounted file keeps its mode.
set -eu
cd "$(dirname "$0")"

mkdir -p -m 0700 secrets
chmod 0700 secrets
umask 0077

keep() { # NAME: what comes in becomes a file, whole or not at all, unless it is there
  if [ ! -s "secrets/$1" ]; then
    cat > "secrets/.$1"
    chmod 0444 "secrets/.$1"
    mv "secrets/.$1" "secrets/$1"
    echo "made secrets/$1"
  fi
}

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

random | keep postgres_password
random | keep prefect_password
random | keep webhook_token
random | keep exporter_token
random | keep people_token
random | keep grafana_password
printf 'postgresql+asyncpg://prefect:%s@postgres:5432/prefect' "$(cat secrets/postgres_password)" | keep database_url
printf 'retrain:%s' "$(cat secrets/prefect_password)" | keep prefect_auth
