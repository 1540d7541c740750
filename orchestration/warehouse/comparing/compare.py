"""Comparison of two states of the marts, table by table."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from orchestration.run.settings import Settings
from orchestration.warehouse.catalog import name_of, rows_of
from orchestration.warehouse.comparing.difference import Difference, TableDifference
from orchestration.warehouse.comparing.marts_states import open_states, side_of, tables_of
from orchestration.warehouse.comparing.metrics_compared import compare_metrics
from orchestration.warehouse.comparing.rows_compared import RowComparison
from orchestration.warehouse.comparing.table_keys import table_keys

if TYPE_CHECKING:
    import duckdb

MOST_EXAMPLES = 5


def compare(  # noqa: PLR0913 - two states, and what of them
    settings: Settings,
    base: str = "published",
    target: str = "build",
    *,
    tables: Collection[str] = (),
    ignored: Collection[str] = (),
    most_examples: int = MOST_EXAMPLES,
    on_table: Callable[[str], None] = lambda _: None,
) -> Difference:
    """Return all that differs between two states of the marts.

    Args:
        settings: Of the data folder, and DuckDB's memory.
        base: The state before: `published`, `previous`, `build`, a data folder or a DuckDB file.
        target: The state after, likewise.
        tables: The tables to compare, as `dim_users`; all if there are none.
        ignored: Columns that may differ.
        most_examples: Rows to show of each kind and table.
        on_table: Is told each table before it is compared.

    Raises:
        NotComparable: A state isn't there, can't be read now, or lacks a table.

    """
    before, after = side_of(settings, base), side_of(settings, target)
    found = Difference(before.label, after.label)
    with open_states(settings, before, after) as db:
        there = {side: _wanted(tables_of(db, side), tables) for side in ("base", "target")}
        found.tables_added = _rows(db, "target", set(there["target"]) - set(there["base"]))
        found.tables_removed = _rows(db, "base", set(there["base"]) - set(there["target"]))
        for table in there["base"]:
            if table in there["target"]:
                on_table(_short(table))
                found.tables.append(_table(db, table, ignored, most_examples))
        if not tables:
            found.metrics = compare_metrics(db)
    return found


def _wanted(there: list[str], tables: Collection[str]) -> list[str]:
    return [table for table in there if not tables or {table, _short(table)} & set(tables)]


def _rows(db: "duckdb.DuckDBPyConnection", side: str, tables: set[str]) -> dict[str, int]:
    return {_short(table): _count(db, side, table) for table in sorted(tables)}


def _count(db: "duckdb.DuckDBPyConnection", side: str, table: str) -> int:
    schema, _, name = table.partition(".")
    return rows_of(db, schema, name, side)


def _short(table: str) -> str:
    return table.removeprefix("main.")


def _table(
    db: "duckdb.DuckDBPyConnection", table: str, ignored: Collection[str], most_examples: int
) -> TableDifference:
    before, after = (_columns(db, side, table) for side in ("base", "target"))
    common = [name for name in before if name in after and name not in ignored]
    found = TableDifference(
        _short(table),
        table_keys().key_of(table, common),
        rows_before=_count(db, "base", table),
        rows_after=_count(db, "target", table),
        columns_added={name: kind for name, kind in after.items() if name not in before},
        columns_removed={name: kind for name, kind in before.items() if name not in after},
        columns_retyped={
            name: (before[name], after[name]) for name in common if before[name] != after[name]
        },
    )
    schema, _, name = table.partition(".")
    found.name = f"{name_of(schema)}.{name_of(name)}"
    RowComparison(found, common, table_keys().personal, most_examples).fill(db)
    found.name = _short(table)
    return found


def _columns(db: "duckdb.DuckDBPyConnection", side: str, table: str) -> dict[str, str]:
    schema, _, name = table.partition(".")
    rows = db.execute(
        "select column_name, data_type from duckdb_columns() where (database_name, schema_name,"
        " table_name) = (?, ?, ?) order by column_index",
        [side, schema, name],
    ).fetchall()
    return dict(rows)
