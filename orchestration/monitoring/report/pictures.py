"""What a picture of the report is; the pictures are in `of_runs`, `of_data` and `of_api`."""

from collections.abc import Callable
from dataclasses import dataclass

from orchestration.monitoring.report.charts import SERIES, Chart
from orchestration.monitoring.report.monitoring_rows import Rows

A_DAY = 0.8  # how much of its room a day's bar takes across


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
    draw: Callable[[Rows], Chart] | None = None


def roles_of(names: list[str]) -> dict[str, str]:
    """Return a colour for each name; those beyond the last colour share it."""
    return {
        name: SERIES[min(number, len(SERIES) - 1)]
        for number, name in enumerate(dict.fromkeys(names))
    }


def legend_of(roles: dict[str, str]) -> dict[str, str]:
    """Return the names of each colour, as the legend has them."""
    names: dict[str, list[str]] = {}
    for name, role in roles.items():
        names.setdefault(role, []).append(name)
    return {role: few[0] if len(few) == 1 else "others" for role, few in names.items()}
