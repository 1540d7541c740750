"""A monitoring file written by hand: every mart as its contract has it, with a few rows."""

from pathlib import Path
from typing import Any

import duckdb
import yaml

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


def written(file: Path, folder: str = "monitoring", /, **rows: list[dict[str, Any]]) -> Path:
    """Write all marts of a folder of models into `file`, `rows` by the mart that holds them."""
    with duckdb.connect(file) as marts:
        for mart, columns in contracts(folder).items():
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            marts.execute(f"create table {mart} ({declared})")
        for mart, these in rows.items():
            for row in these:
                names = ", ".join(row)
                values = ", ".join(f"${name}" for name in row)
                marts.execute(f"insert into {mart} ({names}) values ({values})", row)
    return file


def contracts(folder: str = "monitoring") -> dict[str, dict[str, str]]:
    """The columns of each mart and their types, as dbt enforces them."""
    models = [
        model
        for path in sorted((MODELS / folder).glob("*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]
    assert models
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in models
    }
