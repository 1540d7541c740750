"""Which experiments were started and stopped, as rows of `ops/experiments`.

A start has a row for each arm, in one file: what runs does not follow the file of experiments.
No row holds a user: an arm is a function of the user's id.
"""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lake import batches
from lake.clock import utc_now
from ml.experiments.definition import Arm, Experiment, StartedExperiment

if TYPE_CHECKING:
    from datetime import datetime

TABLE = "experiments"
STARTED, STOPPED = "started", "stopped"


def all_experiments(lake_url: str) -> list[StartedExperiment]:
    """Return every experiment that was ever started, the oldest first."""
    rows = sorted(
        batches.read(lake_url, TABLE), key=lambda row: (row["recorded_at"], row["arm_number"] or 0)
    )
    stops = {row["name"]: row for row in rows if row["event"] == STOPPED}
    starts = [row for row in rows if row["event"] == STARTED]
    return [
        _started(list(arms), stops.get(name))
        for name, arms in groupby(starts, key=lambda row: row["name"])
    ]


def running_at(lake_url: str, moment: datetime) -> list[StartedExperiment]:
    """Return the experiments whose lists a batch of that moment has."""
    return [
        one for one in all_experiments(lake_url) if not one.is_stopped and one.started_at <= moment
    ]


def newest_run(lake_url: str) -> str | None:
    """Return the newest run that started or stopped an experiment."""
    return max((row["run_id"] for row in batches.read(lake_url, TABLE)), default=None)


def write_start(lake_url: str, started: StartedExperiment, run_id: str) -> None:
    """Write that an experiment was started; every arm has its version.

    Args:
        lake_url: The lake.
        started: The experiment.
        run_id: The run that starts it.

    """
    experiment = started.experiment
    rows = [
        {
            "name": experiment.name,
            "event": STARTED,
            "arm": arm.name,
            "arm_number": number,
            "share": arm.share,
            "model_version": arm.model_version,
            "settings": json.dumps(dict(arm.settings), sort_keys=True),
            "salt": experiment.salt,
            "users_from": experiment.users[0],
            "users_until": experiment.users[1],
            "kind": experiment.kind,
            "within_days": experiment.within_days,
            "planned_difference": started.planned,
            "as_of": started.started_at,
        }
        for number, arm in enumerate(experiment.arms)
    ]
    _write(lake_url, rows, run_id)


def write_stop(
    lake_url: str, name: str, reason: str, run_id: str, as_of: datetime | None = None
) -> None:
    """Write that an experiment was stopped: later batches have no lists of it.

    Args:
        lake_url: The lake.
        name: The experiment.
        reason: Why, for those who ask later.
        run_id: The run that stops it.
        as_of: The run's clock; none: the present.

    """
    row = {"name": name, "event": STOPPED, "reason": reason, "as_of": as_of or utc_now()}
    _write(lake_url, [row], run_id)


def stop_those_with(lake_url: str, version: int, reason: str, run_id: str) -> list[str]:
    """Stop the experiments of which an arm has a version; return their names.

    Args:
        lake_url: The lake.
        version: Of the model.
        reason: Why.
        run_id: The run that stops them.

    """
    names = [
        one.name
        for one in all_experiments(lake_url)
        if not one.is_stopped and version in {arm.model_version for arm in one.experiment.arms}
    ]
    for name in names:
        write_stop(lake_url, name, reason, run_id)
    return names


def _write(lake_url: str, rows: list[dict[str, Any]], run_id: str) -> None:
    """Write rows of one event, at an instant after all others, even where the clock went back."""
    newest = max((row["recorded_at"] for row in batches.read(lake_url, TABLE)), default=None)
    at = utc_now()
    if newest is not None:
        at = max(at, newest + timedelta(microseconds=1))
    rows = [row | {"run_id": run_id, "recorded_at": at} for row in rows]
    batches.append(lake_url, TABLE, rows, at.date())


def _started(arms: list[dict[str, Any]], stop: dict[str, Any] | None) -> StartedExperiment:
    first = arms[0]
    experiment = Experiment(
        name=first["name"],
        arms=tuple(
            Arm(row["arm"], row["share"], row["model_version"], json.loads(row["settings"]))
            for row in arms
        ),
        salt=first["salt"],
        users=(first["users_from"], first["users_until"]),
        kind=first["kind"],
        within_days=first["within_days"],
    )
    return StartedExperiment(
        experiment,
        first["as_of"],
        first["planned_difference"],
        stop["as_of"] if stop else None,
        stop["reason"] if stop else None,
    )
