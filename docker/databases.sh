#!/bin/bash
# At PostgreSQL's first start: a database for Airflow and one for MLflow, each with an owner of its own.
set -euo pipefail
for name in airflow mlflow; do
    variable=${name^^}_DB_PASSWORD
    psql --username="${POSTGRES_USER:-postgres}" --dbname=postgres -v ON_ERROR_STOP=1 \
        -v name="$name" -v password="${!variable}" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
SQL
done
