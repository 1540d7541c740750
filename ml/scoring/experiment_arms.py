"""The arms of the experiments that run: which users they have, and what makes their lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ml.errors import MlError
from ml.experiments.arms_of_users import users_of_arms
from ml.experiments.experiment_log import running_at, write_stop
from ml.models.bundle import align
from ml.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ml.data.interactions import Ids, Interactions, Ints
    from ml.experiments.arms_of_users import ArmUsers
    from ml.experiments.definition import StartedExperiment
    from ml.models.bundle import Aligned
    from ml.scoring.playlist_batch import PlaylistRows
    from ml.settings import MlSettings


def arms_to_score(
    settings: MlSettings, run_id: str, made_at: datetime, users: Ids
) -> tuple[list[ArmUsers], tuple[str, ...]]:
    """Return the arms of a batch; an experiment of which a model can't be read is stopped.

    Args:
        settings: Where the experiments and the models are.
        run_id: The run that scores.
        made_at: The instant of the batch.
        users: All users' ids.

    Returns:
        The arms with their users, and why experiments were stopped.

    """
    running, stopped = [], []
    for one in running_at(settings.lake_url, made_at):
        if (fault := _fault(settings, one)) is None:
            running.append(one)
        else:
            write_stop(settings.lake_url, one.name, fault, run_id, made_at)
            stopped.append(f"the experiment {one.name} is stopped: {fault}")
    return users_of_arms(running, users), tuple(stopped)


def outside(arms: Sequence[ArmUsers], users: int) -> Ints:
    """Return the rows of the users, so many in all, that are in no arm."""
    is_outside = np.ones(users, np.bool_)
    for one in arms:
        is_outside[one.rows] = False
    return np.flatnonzero(is_outside)


def lists_of_arms(
    settings: MlSettings, arms: Sequence[ArmUsers], champions: PlaylistRows, data: Interactions
) -> Iterator[PlaylistRows]:
    """Yield what makes the lists of each arm's users; one model at a time is in memory.

    Args:
        settings: Of the batch; an arm may have others.
        arms: The arms of the batch.
        champions: What makes the lists of the users outside experiments.
        data: What is known of all users and tracks.

    """
    champion = champions.ranking
    for one in arms:
        number = one.arm.model_version
        assert number is not None, "it was fixed at the start"
        if number == champion.batch.model_version:
            scorer = champion.scorer
        else:
            scorer = _scorer(settings, number, data, champion.scorer)
        ranking = replace(
            champion,
            settings=settings.model_copy(update=dict(one.arm.settings)),
            scorer=scorer,
            rows=one.rows,
            arm=one.label,
            arm_version=number,
        )
        yield replace(champions, ranking=ranking, maker=replace(champions.maker, scorer=scorer))


def _scorer(settings: MlSettings, number: int, data: Interactions, champion: Aligned) -> Aligned:
    bundle = registry.load(settings, registry.versions(settings)[number])
    return align(bundle, data, champion.baseline)


def _fault(settings: MlSettings, started: StartedExperiment) -> str | None:
    """Return why an arm's lists can't be made, if so."""
    known = registry.versions(settings)
    for arm in started.experiment.arms:
        if arm.model_version not in known:
            return f"version {arm.model_version} is not known any more"
        try:
            registry.load(settings, known[arm.model_version])
        except MlError as error:
            return str(error)
    return None
