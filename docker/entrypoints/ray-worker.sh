#!/bin/sh
# A worker of Ray, which evaluates: with as many processors as $RAY_WORKER_CPUS says, and all the GPUs that it sees.
set -eu
. "$(dirname "$0")/secrets.sh"
secret RAY_AUTH_TOKEN

export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
exec ray start --block --address="${RAY_HEAD:-ray-head:6379}" --num-cpus="${RAY_WORKER_CPUS:-1}" \
    --object-store-memory=536870912 --dashboard-agent-listen-port="${RAY_AGENT_PORT:-52365}"
