"""The contents of the report, from `report.yml`: reasons, key figures and pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.monitoring.report import of_api, of_data, of_runs
from orchestration.monitoring.report.charts import Drawing, Row

CONTENTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("report.yml").read_text())
CHARTS = vars(of_runs) | vars(of_data) | vars(of_api)


@dataclass(frozen=True, slots=True)
class Picture:
    """One question to the monitoring marts, and the chart of the answer.

    The rows of `sql`, oldest first, stand in a table behind the picture; without rows the page
    has `if_empty`.
    """

    title: str
    subtitle: str
    marts: tuple[str, ...]
    sql: str
    if_empty: str
    chart: str = ""

    @property
    def draw(self) -> Callable[[list[Row]], Drawing] | None:
        """The function that draws the rows; none: a table is enough."""
        return CHARTS[self.chart] if self.chart else None


SECTIONS = {
    title: [Picture(**picture) for picture in pictures]
    for title, pictures in CONTENTS["sections"].items()
}
