#!/bin/sh
# MLflow over PostgreSQL at $PGHOST: behind a password, and for those alone who call it by a name that it knows.
set -eu
here=$(dirname "$0")
. "$here/secrets.sh"
secret POSTGRES_PASSWORD MLFLOW_TRACKING_PASSWORD MLFLOW_FLASK_SERVER_SECRET_KEY

# By environment and not in addresses, which process lists and logs show.
export PGUSER=mlflow PGPASSWORD="$POSTGRES_PASSWORD"
export MLFLOW_AUTH_ADMIN_PASSWORD="$MLFLOW_TRACKING_PASSWORD" MLFLOW_AUTH_CONFIG_PATH="$here/mlflow-auth.ini"
# Its job execution would take four times the memory.
export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true

port=${MLFLOW_PORT:-5000}
exec mlflow server --app-name basic-auth --workers 1 --host "${SWEEPS_HOST:-0.0.0.0}" --port "$port" \
    --backend-store-uri postgresql+psycopg:///mlflow --allowed-hosts "mlflow:$port,localhost:$port"
