"""Measures as rows in the lake's `ops/`: sizes of tables, nulls, quarantined records.

Counted where it costs next to nothing: in a validated build before it is published, in the
publication, and from what the lake lists. Of marts that grow by the day only new rows are read.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from lake.clock import utc_now
from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import (
    bytes_of_table,
    columns_of_table,
    names_of_tables,
    rows_of_tables,
)
from orchestration.warehouse.publishing.publication import Publication

if TYPE_CHECKING:
    import duckdb

MADE = ("main", "staging", "quarantine")
# A record that can't be read may hold anything: of its reason only what was expected is kept.
VALUE = r"(, got \S+) .*"


def measure_build(settings: Settings, run_id: str) -> None:
    """Measure the build file, which no process may be writing: rows, bytes, nulls, quarantine."""
    from orchestration.warehouse.engines.object_storage import open_build

    with open_build(settings) as built:
        (clock,) = built.sql("select max(as_of) from ledger.loads").fetchall()[0]
        clock = clock or utc_now()
        about = {"run_id": run_id, "as_of": clock, "measured_at": utc_now()}
        volumes = [
            {
                **about,
                "place": "warehouse",
                "table_name": name if schema == "main" else f"{schema}.{name}",
                "rows": rows,
                "bytes": bytes_of_table(built, schema, name),
            }
            for schema in MADE
            for name, rows in rows_of_tables(built, schema).items()
        ]
        nulls = _nulls(built, about)
        quarantined = _quarantined(built, about)
    for table, rows in (
        ("table_volume", volumes),
        ("column_nulls", nulls),
        ("quarantined_records", quarantined),
    ):
        _append(settings, table, rows, clock)


def measure_publication(settings: Settings, run_id: str, done: Publication) -> None:
    """Record the size of each published table and of the file, and the age of its data.

    Args:
        settings: Where the data folder and the lake are.
        run_id: The run that asks, for the rows of `ops/`.
        done: The publication.

    """
    measured_at = utc_now()
    clock = done.as_of or measured_at
    about = {"run_id": run_id, "place": "published", "as_of": clock, "measured_at": measured_at}
    volumes = [
        {**about, "table_name": table.name, "rows": table.rows, "bytes": table.bytes}
        for table in done.tables
    ]
    volumes.append({**about, "table_name": "marts.duckdb", "bytes": done.bytes, "files": 1})
    _append(settings, "table_volume", volumes, clock)
    by = settings.as_of or measured_at
    age = (by - clock).total_seconds() / 3600
    fresh = {"table_name": "marts.duckdb", "status": "pass", "newest_at": clock, "age_hours": age}
    _append(settings, "table_freshness", [{**about, **fresh, "as_of": by}], by)


def measure_lake(settings: Settings, run_id: str) -> None:
    """Measure what the lake keeps: files and bytes of each table, rows of those that count."""
    from lake.loads import volumes

    measured_at = utc_now()
    clock = settings.as_of or measured_at
    about = {"run_id": run_id, "place": "lake", "as_of": clock, "measured_at": measured_at}
    rows = [{**about, **one} for one in volumes(settings.lake_url)]
    _append(settings, "table_volume", rows, clock)


def _nulls(built: "duckdb.DuckDBPyConnection", about: dict[str, Any]) -> list[dict[str, Any]]:
    new = [load for (load,) in built.sql(NEW_LOADS).fetchall()]
    about = {name: about[name] for name in ("run_id", "measured_at")} | {"place": "mart"}
    found = []
    for table in names_of_tables(built, "main"):
        columns = columns_of_table(built, "main", table)
        of_new = f"where load_id in ({NEW_LOADS})" if "load_id" in columns else ""
        counts = ", ".join(f'count("{column}")' for column in columns)
        rows, *filled = built.sql(
            f'select count(*), {counts} from main."{table}" {of_new}'
        ).fetchall()[0]
        found += [
            {**about, "table_name": table, "column_name": column, "rows": rows, "nulls": rows - n}
            for column, n in zip(columns, filled, strict=True)
        ]
    return found if new else []


NEW_LOADS = "select load_id from ledger.loads where not is_published"


def _quarantined(built: "duckdb.DuckDBPyConnection", about: dict[str, Any]) -> list[dict[str, Any]]:
    parts = [
        f"select load_id, 'quarantine' as place, '{table}' as table_name, violated_rule as reason"
        f' from quarantine."{table}"'
        for table in names_of_tables(built, "quarantine")
    ]
    parts.append(
        "select _dlt_load_id, 'rejected', table_name,"
        f" regexp_replace(reason, '{VALUE}', '\\1') from raw.rejected"
    )
    found = built.sql(
        f"select load_id, place, table_name, reason, count(*) from ({' union all '.join(parts)})"
        f" where load_id in ({NEW_LOADS}) group by all"
    ).fetchall()
    names = ("load_id", "place", "table_name", "reason", "records")
    return [{**about, **dict(zip(names, row, strict=True))} for row in found]


def _append(settings: Settings, table: str, rows: list[dict[str, Any]], clock: datetime) -> None:
    from lake import log

    if rows:
        log.append(settings.lake_url, table, rows, clock.date())
