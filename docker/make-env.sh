#!/bin/sh
# Writes docker/.env from docker/.env.example, with a secret of its own for each placeholder; for the owner alone.
set -eu
umask 077
# Never writes over a file that is there.
set -C
cd "$(dirname "$0")"
while IFS= read -r line; do
    case "$line" in
    *=change-me) line=${line%change-me}$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n') ;;
    esac
    printf '%s\n' "$line"
done <.env.example >.env
