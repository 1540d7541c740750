"""A picture of the report: its query, its chart, its words."""

from collections.abc import Callable
from dataclasses import dataclass

from orchestration.monitoring.report.charts import Drawing, Row


@dataclass(frozen=True, slots=True)
class Picture:
    """One question to the monitoring marts, and the chart of the answer.

    The rows of `sql`, oldest first, stand in a table behind the picture; without rows the page
    says `otherwise`.
    """

    title: str
    tells: str
    marts: tuple[str, ...]
    sql: str
    otherwise: str
    draw: Callable[[list[Row]], Drawing] | None = None
