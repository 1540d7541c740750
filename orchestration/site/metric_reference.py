"""Reference of metrics, from dbt's manifest."""

from collections.abc import Mapping
from typing import Any

from orchestration.site.markdown_tables import cell, code, table

HEAD = """\
# Metrics

Made from `dbt_project/models/semantic/metrics.yml`. [How to query them](../metrics.md).

"""


def metric_reference(manifest: Mapping[str, Any]) -> str:
    """Return the page of all metrics, and of what they can be grouped by."""
    metrics = [
        [code(one["name"]), cell(one["label"]), cell(one["description"]), code(_made_of(one))]
        for one in manifest["metrics"].values()
    ]
    dimensions = [
        [code(f"{_primary(model)}__{its['name']}"), cell(model["description"])]
        for model in manifest["semantic_models"].values()
        for its in model["dimensions"]
    ]
    return (
        HEAD
        + table(["metric", "label", "meaning", "made of"], metrics)
        + "\n## Dimensions\n\nEvery metric can be grouped by `metric_time` in days, weeks, months,"
        " quarters or years.\n\n" + table(["dimension", "of"], dimensions)
    )


def _primary(model: Mapping[str, Any]) -> str:
    keys = [one["name"] for one in model["entities"] if one["type"] == "primary"]
    return str(model.get("primary_entity") or keys[0])


def _made_of(metric: Mapping[str, Any]) -> str:
    how = metric["type_params"]
    if metric["type"] == "ratio":
        return f"{how['numerator']['name']} / {how['denominator']['name']}"
    if metric["type"] == "derived":
        return str(how["expr"])
    return str(how["measure"]["name"])
