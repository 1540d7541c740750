"""Metrics of two states of the marts, each by its one definition, over all time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestration.warehouse.comparing.difference import MetricDifference
from orchestration.warehouse.semantic.definitions import semantic_layer
from orchestration.warehouse.semantic.metric_sql import Asked, metric_sql

if TYPE_CHECKING:
    import duckdb


def compare_metrics(db: "duckdb.DuckDBPyConnection") -> list[MetricDifference]:
    """Return every metric of the attached `base` and `target`; one without its tables is None."""
    before, after = (_values(db, side) for side in ("base", "target"))
    return [
        MetricDifference(name, metric.label, before.get(name), after.get(name))
        for name, metric in semantic_layer().metrics.items()
        if name in before or name in after
    ]


def _values(db: "duckdb.DuckDBPyConnection", side: str) -> Mapping[str, float]:
    import duckdb

    values: dict[str, float] = {}
    db.execute(f"use {side}")
    _stand_in(db, side)
    for name in semantic_layer().metrics:
        try:
            ((value,),) = db.execute(metric_sql(Asked([name]))).fetchall()
        except duckdb.Error:  # a table or a column of it is not there
            continue
        if value is not None:
            values[name] = float(value)
    db.execute("use memory")
    db.execute("drop table if exists temp.publication")
    return values


def _stand_in(db: "duckdb.DuckDBPyConnection", side: str) -> None:
    """Make what a publication says of its time for a build, which has it in its ledger."""
    import duckdb

    names = db.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ?", [side]
    ).fetchall()
    if ("main", "publication") not in names and ("ledger", "loads") in names:
        try:
            db.execute(
                "create temp table publication as"
                f" select max(as_of) as built_at from {side}.ledger.loads"
            )
        except duckdb.Error:  # an earlier version's ledger
            return
