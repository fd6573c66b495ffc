#!/bin/sh
# Becomes the role that $SWEEPS_ROLE names.
set -eu
case "${SWEEPS_ROLE:-}" in
mlflow | ray-head | ray-worker | service) exec "$(dirname "$0")/$SWEEPS_ROLE.sh" ;;
esac
echo "SWEEPS_ROLE must be mlflow, ray-head, ray-worker or service, but got '${SWEEPS_ROLE:-}'." >&2
exit 2
