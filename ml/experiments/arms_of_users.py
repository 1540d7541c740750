"""The users of each arm that runs: rows of the users' ids, by two keyed hashes.

One hash, the same for all experiments, says in which experiment a user takes part, so that two of
them never share a user; the other, with the experiment's salt, says in which arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml.experiments.assignment import arms_of, fractions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.data.interactions import Ids, Ints
    from ml.experiments.definition import Arm, StartedExperiment

_WHO_TAKES_PART = "moovitamix experiments"


@dataclass(frozen=True, slots=True, eq=False)
class ArmUsers:
    """An arm and its users."""

    label: str
    arm: Arm
    rows: Ints


def users_of_arms(running: Sequence[StartedExperiment], users: Ids) -> list[ArmUsers]:
    """Return the arms of all experiments with their users.

    Args:
        running: Experiments of which no two have the same part of the users.
        users: All users' ids.

    Returns:
        For each arm the rows of its users, in order.

    """
    if not running:
        return []
    taking_part = fractions(users.tolist(), _WHO_TAKES_PART)
    found = []
    for one in running:
        first, last = one.experiment.users
        rows = np.flatnonzero((taking_part >= first) & (taking_part < last))
        shares = {arm.name: arm.share for arm in one.experiment.arms}
        names = np.array(arms_of(users[rows].tolist(), shares, one.experiment.salt), object)
        found += [
            ArmUsers(one.label(arm), arm, rows[names == arm.name]) for arm in one.experiment.arms
        ]
    return found
