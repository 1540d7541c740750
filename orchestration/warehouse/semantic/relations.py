"""Where the rows of a semantic model are in a published file: a table, or a view's own SQL.

Views of the semantic layer are not published. Their SQL is rendered from the model's file, so it
has no second spelling.
"""

from functools import cache
from types import SimpleNamespace
from typing import Any

from orchestration.warehouse.dbt_commands.project import project
from orchestration.warehouse.semantic.definitions import FOLDER

# What the published file has of the tables that are not copied to it.
UNPUBLISHED = {
    "stg_ops__loads": "(select cast(built_at as date) as load_date from publication)",
}


@cache
def relation(model: str) -> str:
    """Return what a query of the published file selects from to read a dbt model."""
    if model in UNPUBLISHED:
        return UNPUBLISHED[model]
    file = FOLDER / f"{model}.sql"
    return f"(\n{_rendered(file.read_text())}\n)" if file.exists() else model


def _rendered(sql: str) -> str:
    """Render a model's SQL for DuckDB, with the project's macros for what engines differ in."""
    from jinja2 import Environment, StrictUndefined

    jinja = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL
    macros = project() / "macros" / "portable" / "days.sql"
    shared: dict[str, Any] = {"ref": relation, "return": lambda value: value}
    shared["adapter"] = SimpleNamespace(dispatch=lambda name: getattr(portable, f"default__{name}"))
    portable: Any = jinja.from_string(macros.read_text(), globals=shared).module
    public = {name: value for name, value in vars(portable).items() if callable(value)}
    return jinja.from_string(sql, globals=shared | public).render().strip()
