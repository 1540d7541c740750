"""Keys of tables and columns of personal data, as dbt's YAML files say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from orchestration.warehouse.dbt_commands.project import project


@dataclass(frozen=True, slots=True)
class TableKeys:
    """What the project's YAML says of its tables."""

    keys: dict[str, list[str]]
    """The columns that identify a row, by table."""
    personal: frozenset[str]
    """Names of columns that are personal data in any table."""
    models: frozenset[str]
    """Names of the project's models."""

    def key_of(self, table: str, columns: Iterable[str]) -> list[str]:
        """Return a table's key, if both states have all of its columns; else nothing."""
        key = self.keys.get(table.rpartition(".")[2], [])
        return key if set(key) <= set(columns) else []


@cache
def table_keys() -> TableKeys:
    """Read the project's YAML files, once."""
    keys: dict[str, list[str]] = {}
    personal: set[str] = set()
    models: set[str] = set()
    for model in _models():
        models.add(model["name"])
        if key := _key(model):
            keys[model["name"]] = key
        personal |= {column["name"] for column in model.get("columns", []) if _is_personal(column)}
    return TableKeys(keys, frozenset(personal), frozenset(models))


def _models() -> Iterator[dict[str, Any]]:
    import yaml

    for path in sorted((project() / "models").rglob("*.yml")):
        content = yaml.safe_load(path.read_text()) or {}
        yield from content.get("models", [])


def _key(model: dict[str, Any]) -> list[str]:
    for column in model.get("columns", []):
        kinds = {one["type"] for one in column.get("constraints", [])}
        if "primary_key" in kinds or "unique" in column.get("data_tests", []):
            return [column["name"]]
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "unique_within" in test:
            columns: list[str] = test["unique_within"]["arguments"]["columns"]
            return columns
    return []


def _is_personal(column: dict[str, Any]) -> bool:
    meta = column.get("config", {}).get("meta", {}) | column.get("meta", {})
    return bool(meta.get("personal_data"))
