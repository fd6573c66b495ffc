#!/bin/sh
# PostgreSQL with the databases of MLflow, which the first start makes. The password of their owner is that of the
# environment from every start on. $PGDATA holds all, $PGHOST the socket, $PGPORT and $SWEEPS_HOST say where to listen.
set -eu
here=$(dirname "$0")
. "$here/secrets.sh"
secret POSTGRES_PASSWORD

# Ends with an error if one of the lines does, and shows none of them.
run_sql() {
    postgres --single -D "$1" -c exit_on_error=true -c log_min_error_statement=panic postgres >/dev/null
}

cluster=$PGDATA/cluster
if [ ! -d "$cluster" ]; then
    # Made beside and renamed, so that a start that was killed is begun anew.
    new=$PGDATA/unfinished
    rm -rf "$new"
    initdb -D "$new" -U postgres --encoding=UTF8 --locale=C.UTF-8 --auth=reject >/dev/null
    cp "$here/pg_hba.conf" "$new/pg_hba.conf"
    run_sql "$new" <<END
CREATE ROLE mlflow LOGIN;
CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE mlflow_users OWNER mlflow;
END
    mv "$new" "$cluster"
fi
run_sql "$cluster" <<END
ALTER ROLE mlflow PASSWORD '$POSTGRES_PASSWORD';
END
unset POSTGRES_PASSWORD
exec postgres -D "$cluster" -c "listen_addresses=${SWEEPS_HOST:-0.0.0.0}" -k "$PGHOST"
