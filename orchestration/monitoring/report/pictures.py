"""What a picture of the report is; the pictures are in `of_runs`, `of_data` and `of_api`."""

from collections.abc import Callable
from dataclasses import dataclass

from orchestration.monitoring.report.charts import Drawing, Row


@dataclass(frozen=True, slots=True)
class Picture:
    """What the monitoring marts tell of one question, and how it looks.

    The rows of `sql`, oldest first, stand in a table behind the picture; without rows the page
    says `otherwise`.
    """

    title: str
    tells: str
    marts: tuple[str, ...]
    sql: str
    otherwise: str
    draw: Callable[[list[Row]], Drawing] | None = None
