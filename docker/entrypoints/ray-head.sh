#!/bin/sh
# Ray's head: takes jobs over HTTP from whoever has the token, and runs the drivers of sweeps. It evaluates nothing.
set -eu
. "$(dirname "$0")/secrets.sh"
secret RAY_AUTH_TOKEN MLFLOW_TRACKING_PASSWORD

# Without the first, Ray only warns that it is open to all. The second is for drivers, which record.
export RAY_AUTH_MODE=token MLFLOW_TRACKING_USERNAME=admin RAY_USAGE_STATS_ENABLED=0
exec ray start --head --block --num-cpus=0 --num-gpus=0 --object-store-memory=536870912 \
    --port="${RAY_PORT:-6379}" --ray-client-server-port="${RAY_CLIENT_PORT:-10001}" \
    --dashboard-host="${SWEEPS_HOST:-0.0.0.0}" --dashboard-port="${RAY_DASHBOARD_PORT:-8265}" \
    --dashboard-agent-listen-port="${RAY_AGENT_PORT:-52365}"
