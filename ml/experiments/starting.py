"""Start and stop of experiments: what is refused, and what is fixed at the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import TYPE_CHECKING

from lake.clock import utc_now
from ml.data.outcomes import rate_of
from ml.experiments.definition import StartedExperiment
from ml.experiments.errors import (
    ExperimentNotRunning,
    ExperimentOver,
    ExperimentRuns,
    ExperimentsOverlap,
    UnknownModelVersion,
)
from ml.experiments.experiment_log import all_experiments, write_start, write_stop
from ml.experiments.experiments_file import find_experiment
from ml.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.experiments.definition import Arm, Experiment
    from ml.settings import MlSettings

UNKNOWN_RATE = 0.1
"""The rate of which a planned gain is a share, where no list has been measured yet."""


def start(settings: MlSettings, name: str, run_id: str) -> StartedExperiment:
    """Start an experiment of the file: from the next batch on its users get their arm's lists.

    An arm without a version gets the present champion's, and keeps it.

    Args:
        settings: Where the file, the models and the lake are.
        name: The experiment.
        run_id: The run that starts it.

    Returns:
        The experiment as it runs.

    Raises:
        ExperimentError: It is not in the file, an arm's version is unknown, it runs or was stopped
            before, or another one has its users.
        DamagedModel: An arm's model can't be read.

    """
    asked = find_experiment(settings.experiments_file, name)
    _require_startable(asked, all_experiments(settings.lake_url))
    champion = registry.champion(settings).number
    arms = tuple(_fixed(settings, arm, champion) for arm in asked.arms)
    now = settings.as_of or utc_now()
    first = datetime.combine(asked.start, time()) if asked.start else now
    rate = rate_of(settings, asked.kind, asked.within_days) or UNKNOWN_RATE
    started = StartedExperiment(
        replace(asked, arms=arms), max(now, first), rate * asked.planned_gain
    )
    write_start(settings.lake_url, started, run_id)
    return started


def stop(settings: MlSettings, name: str, reason: str, run_id: str) -> StartedExperiment:
    """Stop an experiment: from the next batch on its users get the champion's lists.

    Args:
        settings: Where the lake is.
        name: The experiment.
        reason: Why.
        run_id: The run that stops it.

    Returns:
        The experiment as it was.

    Raises:
        ExperimentError: It does not run.

    """
    running = find_started(settings, name)
    if running.reason is not None:
        raise ExperimentOver(name, running.reason)
    write_stop(settings.lake_url, name, reason, run_id, settings.as_of)
    return running


def find_started(settings: MlSettings, name: str) -> StartedExperiment:
    """Return an experiment that was started; raise `ExperimentNotRunning` if none was."""
    for one in all_experiments(settings.lake_url):
        if one.name == name:
            return one
    raise ExperimentNotRunning(name)


def _require_startable(asked: Experiment, others: Sequence[StartedExperiment]) -> None:
    for other in others:
        if other.name == asked.name:
            if other.reason is not None:
                raise ExperimentOver(asked.name, other.reason)
            raise ExperimentRuns(asked.name, other.started_at)
        if not other.is_stopped and asked.overlaps(other.experiment):
            raise ExperimentsOverlap(asked.name, other.name, other.experiment.users)


def _fixed(settings: MlSettings, arm: Arm, champion: int) -> Arm:
    """Return an arm with a version that is known and whose file can be read."""
    known = registry.versions(settings)
    number = champion if arm.model_version is None else arm.model_version
    if number not in known:
        raise UnknownModelVersion(arm.name, number, sorted(known))
    registry.load(settings, known[number])
    return replace(arm, model_version=number)
