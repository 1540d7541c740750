"""Tables and columns of the published file, with their descriptions."""

from typing import Any

from orchestration.agents.errors import QuestionRefused
from orchestration.agents.limited_query import limited_query
from orchestration.run.settings import AgentSettings, Settings
from orchestration.warehouse.catalog import quote

_TABLES = """
select
    if(schema_name = 'main', table_name, schema_name || '.' || table_name) as table_name,
    coalesce(comment, '') as description,
    estimated_size as row_count
from duckdb_tables()
where not internal and database_name = current_database()
order by schema_name <> 'main', table_name
"""
_COLUMNS = """
select
    column_name, data_type, coalesce(comment, '') as description
from duckdb_columns()
where not internal and database_name = current_database()
    and if(schema_name = 'main', table_name, schema_name || '.' || table_name) = '{}'
order by column_index
"""


def tables(settings: Settings, limits: AgentSettings) -> list[dict[str, Any]]:
    """Return each table's name, description and number of rows."""
    return _dicts(settings, limits, _TABLES)


def columns(settings: Settings, limits: AgentSettings, table: str) -> list[dict[str, Any]]:
    """Return name, type and description of a table's columns.

    Raises:
        QuestionRefused: There is no such table; the message names those that there are.

    Args:
        settings: Where the data folder, the lake and the registry are.
        limits: The limits of programs.
        table: The table.

    """
    found = _dicts(settings, limits, _COLUMNS.format(quote(table)))
    if not found:
        names = ", ".join(one["table_name"] for one in tables(settings, limits))
        raise QuestionRefused(f"no table is called {table}; there are {names}")
    return found


def _dicts(settings: Settings, limits: AgentSettings, sql: str) -> list[dict[str, Any]]:
    answer = limited_query(settings, limits, sql)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
