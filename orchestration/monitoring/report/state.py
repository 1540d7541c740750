"""The state (green, amber or red, and the reasons) and the key figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from orchestration.monitoring.report.monitoring_rows import Records
from orchestration.monitoring.report.page_contents import CONTENTS


class Level(IntEnum):
    """From nothing known to something broken; the highest that is found counts."""

    UNKNOWN = 0
    GREEN = 1
    AMBER = 2
    RED = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong."""

    level: Level
    message: str


@dataclass(frozen=True, slots=True)
class State:
    """The level, and the reasons against green."""

    level: Level
    reasons: Sequence[Reason]


LAST_RUN = "(select run_id from pipeline_runs order by began_at desc nulls last limit 1)"


def state(records: Records) -> State:
    """Return the state by the last run, and the reasons against green."""
    reasons = [
        Reason(Level[one["level"].upper()], one["message"].format(**row))
        for one in CONTENTS["reasons"]
        for row in records.ask(one["sql"].replace("{last_run}", LAST_RUN))
    ]
    if reasons:
        return State(max(reason.level for reason in reasons), reasons)
    has_run = bool(records.ask(LAST_RUN.strip("()")))
    return State(Level.GREEN if has_run else Level.UNKNOWN, reasons)


def figures(records: Records) -> list[tuple[str, str, str]]:
    """Return each key figure that is known as (label, value, note)."""
    return [
        (one["label"], one["value"].format(**row), one["note"].format(**row))
        for one in CONTENTS["figures"]
        for row in records.ask(one["sql"])
        if None not in row.values()
    ]
