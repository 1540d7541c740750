"""Reference of tables and columns, from dbt's manifest."""

from collections.abc import Mapping
from typing import Any

from orchestration.site.markdown_tables import cell, code, table

HEAD = """\
# Tables and columns

Made from dbt's YAML files. [dbt's own pages](dbt/index.html) add the SQL and the graph,
[lineage](lineage/index.html) says which column comes from which.

![The star: facts and dimensions](star.svg)

"""
SECTIONS = {
    "marts": ("Marts", "In `marts.duckdb`, in schema `main`."),
    "recommendations": ("Recommendations and playlists", "In `marts.duckdb`, in schema `main`."),
    "features": ("Features", "In `marts.duckdb`, in schema `features`."),
    "semantic": (
        "Semantic layer",
        "Views of the build file, for [metrics](metrics.md).",
    ),
    "monitoring": ("Monitoring", "In `monitoring.duckdb`."),
    "quarantine": ("Quarantine", "In the build file: records that violate a rule, and which."),
    "intermediate": ("Intermediate", "In the build file."),
    "staging": ("Staging", "Views of the build file."),
}


def table_reference(manifest: Mapping[str, Any]) -> str:
    """Return the page of all models and their columns."""
    models = [one for one in manifest["nodes"].values() if one["resource_type"] == "model"]
    parts = []
    for folder, (title, where) in SECTIONS.items():
        found = sorted(
            (one for one in models if one["fqn"][1] == folder), key=lambda one: one["name"]
        )
        if found:
            parts.append(f"## {title}\n\n{where}\n")
            parts += [_model(one) for one in found]
    return HEAD + "\n".join(parts)


def _model(model: Mapping[str, Any]) -> str:
    rows = [
        [code(name), cell(column.get("data_type") or ""), _described(column)]
        for name, column in model["columns"].items()
    ]
    columns = table(["column", "type", "meaning"], rows)
    return f"### {model['name']}\n\n{model['description'].strip()}\n\n{columns}"


def _described(column: Mapping[str, Any]) -> str:
    meta = column.get("meta", {}) | column.get("config", {}).get("meta", {})
    text = cell(column["description"])
    return f"{text} **Masked.**" if meta.get("personal_data") else text
