#!/bin/bash
# What the official image of PostgreSQL does at its first start, in short: a temporary server that
# listens on the socket alone runs the scripts of /docker-entrypoint-initdb.d; then the real one starts.
set -euo pipefail
export PGDATA=/var/lib/postgresql/data POSTGRES_USER=${POSTGRES_USER:-postgres}
export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
export PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }

if ! test -s "$PGDATA/PG_VERSION"; then
    install --directory --owner=postgres --group=postgres --mode=0700 "$PGDATA"
    install --owner=postgres --mode=0600 <(printf %s "$POSTGRES_PASSWORD") /run/password
    as_postgres initdb --username="$POSTGRES_USER" --pwfile=/run/password >/dev/null
    rm /run/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    as_postgres pg_ctl -o "-c listen_addresses=''" -w start
    if test "$POSTGRES_DB" != postgres; then
        as_postgres psql --username="$POSTGRES_USER" --dbname=postgres --command="create database \"$POSTGRES_DB\""
    fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) as_postgres bash "$script" ;;
            *.sql) as_postgres psql -v ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file="$script" ;;
        esac
    done
    as_postgres pg_ctl -m fast -w stop
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@" -c listen_addresses='*'
