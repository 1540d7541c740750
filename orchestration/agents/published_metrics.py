"""Metrics of the published file, by name and dimension."""

from typing import Any

from orchestration.agents.errors import QuestionRefused
from orchestration.agents.limited_query import LimitedAnswer, limited_query
from orchestration.run.settings import AgentSettings, Settings
from orchestration.warehouse.semantic.definitions import semantic_layer
from orchestration.warehouse.semantic.metric_sql import Asked, metric_sql


def metrics() -> list[dict[str, Any]]:
    """Return name, label, meaning and dimensions of each metric."""
    layer = semantic_layer()
    return [
        {
            "name": name,
            "label": metric.label,
            "description": metric.description,
            "dimensions": layer.dimensions_of(name),
        }
        for name, metric in layer.metrics.items()
    ]


def values(settings: Settings, limits: AgentSettings, asked: Asked) -> LimitedAnswer:
    """Return metrics as they were asked for.

    Args:
        settings: Of the data folder.
        limits: Of the answer.
        asked: Metrics, periods, groups and filters.

    Raises:
        QuestionRefused: Nothing is asked for, or the answer is beyond a limit.
        MetricUnknown: No metric has such a name.
        DimensionUnknown: A metric can't be grouped or filtered by that.

    """
    if not asked.metrics:
        raise QuestionRefused("name one metric or more, as list_metrics has them")
    return limited_query(settings, limits, metric_sql(asked))
