"""SQL of metrics for the published file: the project's own small compiler.

MetricFlow is a tool of development, takes seconds to import, and writes SQL for the build file.
This covers what our metrics use; a test compares both, metric by metric.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from orchestration.run.errors import DimensionUnknown
from orchestration.warehouse.catalog import quote
from orchestration.warehouse.semantic.definitions import (
    Measure,
    SemanticLayer,
    SemanticModel,
    semantic_layer,
)
from orchestration.warehouse.semantic.relations import relation

Grain = Literal["day", "week", "month", "quarter", "year"]
COLUMN = ",\n    "
AGGREGATES = {"sum": "sum({})", "count_distinct": "count(distinct {})"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: metrics, grouped and filtered."""

    metrics: Sequence[str]
    grain: Grain | None = None
    """The length of the periods in `metric_time`; none: all time as one."""
    by: Sequence[str] = ()
    """Entities (`user`, `track`) and dimensions (`track__artist`) to group by."""
    where: Mapping[str, object] = field(default_factory=dict)
    """Values that entities and dimensions must have; of a tuple, one of its values."""
    since: date | None = None
    until: date | None = None
    """The first day after the last that counts."""
    order: str = ""
    """A metric or key to sort by, `-listens` for the highest first; else by the keys."""
    limit: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the answer before the metrics."""
        return ("metric_time", *self.by) if self.grain else tuple(self.by)


def metric_sql(asked: Asked, layer: SemanticLayer | None = None) -> str:
    """Return the query for some metrics.

    Its columns are the keys (`metric_time` first), then the metrics in the order they were asked
    for; its rows are in the order of the keys.

    Raises:
        MetricUnknown: No metric has such a name.
        DimensionUnknown: A metric can't be grouped or filtered by that.
    """
    layer = layer or semantic_layer()
    for name in asked.metrics:
        for group in (*asked.by, *asked.where):
            if group not in layer.dimensions_of(name):
                raise DimensionUnknown(name, group, layer.dimensions_of(name))
    measures = {one for name in asked.metrics for one in layer.measures_of(name)}
    models = [model for model in layer.models if measures & set(model.measures)]
    tables = []
    for model in models:
        wanted = [one for name, one in model.measures.items() if name in measures]
        tables.append(f"{model.name} as (\n{_aggregated(asked, layer, model, wanted)}\n)")
    columns = [*map(_quoted, asked.keys), *(_column(layer, name) for name in asked.metrics)]
    query = f"select\n    {COLUMN.join(columns)}\nfrom {_joined(asked, models)}"
    return f"with {', '.join(tables)}\n{query}{_ending(asked)}"


def _ending(asked: Asked) -> str:
    """Return how the rows are sorted and cut off; ties are in the order of the keys."""
    name = asked.order.removeprefix("-")
    if name and name not in {*asked.keys, *asked.metrics}:
        raise DimensionUnknown("an answer", name, [*asked.keys, *asked.metrics])
    down = " desc nulls last" if asked.order.startswith("-") else ""
    order = [f"{_quoted(name)}{down}"] if name else []
    order += [_quoted(key) for key in asked.keys if key != name]
    limit = f"\nlimit {asked.limit:d}" if asked.limit is not None else ""
    return (f"\norder by {', '.join(order)}" if order else "") + limit


def _literals(value: object) -> str:
    """Return values as SQL has them: bound ones would make DuckDB import pandas, for seconds."""
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(str(one) if isinstance(one, int) else f"'{quote(one)}'" for one in values)


def _quoted(name: str) -> str:
    return f'"{name}"'  # `user` is a word of SQL


def _aggregated(
    asked: Asked, layer: SemanticLayer, model: SemanticModel, measures: Sequence[Measure]
) -> str:
    source = relation(model.model)
    source += " as rows_of_model" if source.startswith("(") else ""
    groups = {name: model.entities.get(name, name) for name in (*asked.by, *asked.where)}
    columns = [f"{groups[name]} as {_quoted(name)}" for name in asked.by]
    limits = []
    if asked.grain:
        period = f"cast(date_trunc('{asked.grain}', {model.time}) as date) as metric_time"
        columns.insert(0, period)
        limits = [f"{model.time} is not null"]  # an id that was only heard of has no day
    columns += [f"{AGGREGATES[one.agg].format(one.expr)} as {one.name}" for one in measures]
    joins = [_join(layer, model, name) for name in dict.fromkeys(groups) if "__" in name]
    limits += [f"{groups[name]} in ({_literals(one)})" for name, one in asked.where.items()]
    if asked.since:
        limits.append(f"{model.time} >= date '{asked.since}'")
    if asked.until:
        limits.append(f"{model.time} < date '{asked.until}'")
    lines = [f"    select\n    {COLUMN.join(columns)}", f"    from {source}", *joins]
    if limits:
        lines.append(f"    where {' and '.join(limits)}")
    if asked.keys:
        lines.append(f"    group by {', '.join(str(n + 1) for n in range(len(asked.keys)))}")
    return "\n".join(lines)


def _join(layer: SemanticLayer, model: SemanticModel, name: str) -> str:
    """Return the join that brings one dimension, under a name that nothing else has."""
    entity, _, dimension = name.partition("__")
    other = layer.identified_by(entity)
    key = f"{name}__key"
    rows = f"select {other.entities[entity]} as {key}, {dimension} as {name}"
    return (
        f"    left join ({rows} from {relation(other.model)}) as of_{name}"
        f" on {model.entities[entity]} = {key}"
    )


def _joined(asked: Asked, models: Sequence[SemanticModel]) -> str:
    first, *others = [model.name for model in models]
    join = (
        f"full join {{}} using ({', '.join(map(_quoted, asked.keys))})"
        if asked.keys
        else "cross join {}"
    )
    return "\n".join([first, *(join.format(other) for other in others)])


def _column(layer: SemanticLayer, name: str) -> str:
    return f"{_expression(layer, name)} as {name}"


def _expression(layer: SemanticLayer, name: str) -> str:
    metric = layer.metric(name)
    if metric.expr is None:
        return str(metric.measure)
    inputs = "|".join(map(re.escape, metric.inputs))
    return re.sub(
        rf"\b({inputs})\b",
        lambda found: _nested(_expression(layer, found[0])),
        metric.expr,
    )


def _nested(expression: str) -> str:
    return expression if expression.isidentifier() else f"({expression})"
