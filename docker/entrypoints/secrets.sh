# What every entry point reads first: `secret NAME…` ends the start unless each variable holds a secret of its own.
# shellcheck shell=sh

secret() {
    for name in "$@"; do
        value=$(printenv "$name") || value=
        case "$value" in
        '') refuse "$name" 'is not set' ;;
        *change-me*) refuse "$name" 'is still the placeholder' ;;
        *[!A-Za-z0-9_-]*) refuse "$name" 'has other characters' ;;
        esac
        [ ${#value} -ge 32 ] || refuse "$name" "has ${#value}"
    done
}

refuse() {
    echo "$1 must be a secret of at least 32 letters, digits, - or _, but it $2." \
        "Make one with 'openssl rand -hex 32' and write it into docker/.env." >&2
    exit 2
}
