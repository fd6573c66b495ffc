#!/bin/sh
# The sweep service: sweeps run as jobs of Ray at $SWEEPS_RAY_ADDRESS and are recorded in MLflow at $SWEEPS_TRACKING_URI.
set -eu
. "$(dirname "$0")/secrets.sh"
secret RAY_AUTH_TOKEN MLFLOW_TRACKING_PASSWORD

export RAY_AUTH_MODE=token MLFLOW_TRACKING_USERNAME=admin RAY_USAGE_STATS_ENABLED=0
# What it prints ends with an administrator's first token, which logs would keep: make one by `sweeps token create`.
exec sweeps serve --host "${SWEEPS_HOST:-0.0.0.0}" >/dev/null
