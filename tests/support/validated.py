"""A build file as a good build leaves it, without dbt."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

LEDGER = """
create schema if not exists ledger;
create or replace table ledger.state as
    select 'marts' as part, 'validated' as status,
    uuid()::varchar as invocation_id, 'hash' as model_hash,
    timestamp '2026-01-01' as started_at, timestamp '2026-01-02' as validated_at,
    timestamp '2026-01-02' as as_of;
create or replace table ledger.loads (load_id varchar, as_of timestamp, is_published boolean);
create or replace table ledger.personal_columns
    (schema_name varchar, table_name varchar, column_name varchar);
"""


def mark_validated(build_file: Path, tables: Iterable[str]) -> None:
    """Say of a build file that a whole build made these tables of `main`."""
    with duckdb.connect(build_file) as made:
        made.execute(LEDGER)
        made.execute(
            "create or replace table ledger.relations as"
            " select 'marts' as part, 'main' as schema_name, unnest(?) as table_name",
            [list(tables)],
        )
