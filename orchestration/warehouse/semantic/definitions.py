"""The definitions of metrics, read from `dbt_project/models/semantic/metrics.yml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from orchestration.run.errors import MetricUnknown, QueryFailed
from orchestration.warehouse.dbt_commands.project import project

FOLDER = project() / "models" / "semantic"


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregation over the rows of one semantic model."""

    name: str
    agg: str
    expr: str


@dataclass(frozen=True, slots=True)
class SemanticModel:
    """A dbt model with its measures, keys and dimensions."""

    name: str
    model: str
    """The name of the dbt model."""
    time: str | None
    """The column of `metric_time`."""
    entities: Mapping[str, str]
    """Columns of the keys, by the name of what they identify."""
    primary: str
    """What one row is."""
    dimensions: tuple[str, ...]
    measures: Mapping[str, Measure]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; `inputs` are the metrics that it is made of, none for a simple one."""

    name: str
    label: str
    description: str
    measure: str | None
    expr: str | None
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SemanticLayer:
    """All semantic models and metrics."""

    models: tuple[SemanticModel, ...]
    metrics: Mapping[str, Metric]

    def metric(self, name: str) -> Metric:
        """Return a metric; raise `MetricUnknown` with the names that there are."""
        if name not in self.metrics:
            raise MetricUnknown(name, sorted(self.metrics))
        return self.metrics[name]

    def model_of(self, measure: str) -> SemanticModel:
        """Return the semantic model that has a measure."""
        return next(model for model in self.models if measure in model.measures)

    def identified_by(self, entity: str) -> SemanticModel:
        """Return the semantic model of which an entity is the primary key."""
        return next(model for model in self.models if model.primary == entity)

    def dimensions_of(self, name: str) -> list[str]:
        """Return what a metric can be grouped by, besides `metric_time`."""
        found = [set(self._groups(self.model_of(one))) for one in self.measures_of(name)]
        return sorted(set.intersection(*found))

    def measures_of(self, name: str) -> list[str]:
        """Return the measures that a metric is computed from."""
        metric = self.metric(name)
        if metric.measure is not None:
            return [metric.measure]
        return [measure for one in metric.inputs for measure in self.measures_of(one)]

    def _groups(self, model: SemanticModel) -> list[str]:
        joined = [
            f"{one.primary}__{dimension}"
            for one in self.models
            if one.primary in model.entities and one is not model
            for dimension in one.dimensions
        ]
        return [*model.entities, *joined]


@cache
def semantic_layer() -> SemanticLayer:
    """Return the project's semantic layer, read once."""
    return parse((FOLDER / "metrics.yml").read_text())


def parse(text: str) -> SemanticLayer:
    """Return the semantic layer of a YAML file."""
    import yaml

    content: dict[str, Any] = yaml.safe_load(text)
    return SemanticLayer(
        tuple(_model(one) for one in content["semantic_models"]),
        {one["name"]: _metric(one) for one in content["metrics"]},
    )


def _model(given: dict[str, Any]) -> SemanticModel:
    kinds = given.get("dimensions", [])
    keys = {one["name"]: one.get("expr", one["name"]) for one in given.get("entities", [])}
    primary = given.get("primary_entity") or next(
        one["name"] for one in given["entities"] if one["type"] == "primary"
    )
    return SemanticModel(
        name=given["name"],
        model=given["model"].partition("'")[2].partition("'")[0],
        time=given.get("defaults", {}).get("agg_time_dimension"),
        entities=keys,
        primary=primary,
        dimensions=tuple(one["name"] for one in kinds if one["type"] == "categorical"),
        measures={
            one["name"]: Measure(one["name"], one["agg"], one.get("expr", one["name"]))
            for one in given.get("measures", [])
        },
    )


def _metric(given: dict[str, Any]) -> Metric:
    how = given["type_params"]
    match given["type"]:
        case "simple":
            inputs: tuple[str, ...] = ()
            expr = None
        case "ratio":
            inputs = (how["numerator"], how["denominator"])
            expr = f"{inputs[0]} * 1.0 / nullif({inputs[1]}, 0)"
        case "derived":
            inputs, expr = tuple(one["name"] for one in how["metrics"]), how["expr"]
        case other:
            raise QueryFailed(f"metric {given['name']}: SQL is made for no {other} metrics")
    names = given["name"], given["label"], given["description"]
    return Metric(*names, measure=how.get("measure"), expr=expr, inputs=inputs)
