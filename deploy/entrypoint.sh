#!/bin/sh
# Secrets that are given as files (NAME_FILE=/run/secrets/...) become what the programs read: NAME in the environment.
# A name stands here or it is not read: a misspelt one must not start a service without its secret.
set -eu

for name in RETRAIN_TOKEN PREFECT_API_DATABASE_CONNECTION_URL PREFECT_SERVER_API_AUTH_STRING PREFECT_API_AUTH_STRING \
  AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN; do
  eval "file=\${${name}_FILE:-}"
  [ -n "$file" ] || continue
  if [ ! -r "$file" ] || [ ! -s "$file" ]; then
    echo "${name}_FILE is '$file', which is empty or cannot be read by user $(id -u); expected a file with the secret" >&2
    exit 2
  fi
  value=$(cat "$file")
  export "$name=$value"
  unset "${name}_FILE" value
done

exec "$@"
