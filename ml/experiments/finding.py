"""What an experiment has shown so far, in one line: it may be asked every day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.data import published_marts
from ml.errors import NothingToLearnFrom
from ml.experiments.sequential import LEAST_USERS, Moments, difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml.experiments.definition import Arm, Experiment, StartedExperiment
    from ml.experiments.sequential import Difference
    from ml.settings import MlSettings

ALPHA = 0.05
"""Probability that any of an experiment's intervals is ever wrong."""
ODD_SHARES = 0.001
"""Where the arms' numbers of users are as unlikely as this, the assignment was not kept."""
_OUTCOMES = """
    select arm, listed_users, last_day - first_day + 1 as list_days, mean_share, variance_of_shares
    from experiment_outcomes
    where experiment = $name and kind = $kind and within_days = $days
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """The differences of an experiment's arms from its control."""

    experiment: Experiment
    list_days: int
    """Days of lists whose windows are complete."""
    of_arms: Mapping[str, Moments]
    differences: Mapping[str, Difference]
    """By arm, without the control; none before there are outcomes."""

    @property
    def winner(self) -> Arm | None:
        """The arm that is proven better than the control, the best if there are several."""
        arms = [
            arm
            for arm in self.experiment.arms[1:]
            if arm.name in self.differences and self.differences[arm.name].low > 0
        ]
        return max(arms, key=lambda arm: self.differences[arm.name].mean, default=None)

    @property
    def has_odd_shares(self) -> bool:
        """Whether so many users in each arm are too unlikely (sample ratio mismatch)."""
        from scipy.stats import chisquare

        found = np.array([self.of_arms[arm.name].users for arm in self.experiment.arms])
        shares = np.array([arm.share for arm in self.experiment.arms])
        expected = shares / shares.sum() * found.sum()
        return bool(chisquare(found, expected).pvalue < ODD_SHARES)

    def figures(self) -> dict[str, Any]:
        """Return every figure, for the record."""
        return {
            "experiment": self.experiment.name,
            "kind": self.experiment.kind,
            "within_days": self.experiment.within_days,
            "list_days": self.list_days,
            "arms": {name: asdict(one) for name, one in self.of_arms.items()},
            "differences": {name: asdict(one) for name, one in self.differences.items()},
        }

    def line(self) -> str:
        """Return in one line what is known."""
        its = self.experiment
        if not self.differences:
            return (
                f"{its.name}: nothing is known yet: no list of each arm is"
                f" {its.within_days} days old"
            )
        known = "; ".join(self._of(arm) for arm in its.arms[1:])
        control = self.of_arms[its.arms[0].name].mean
        line = (
            f"{its.name}: {known} ({its.kind} within {its.within_days} days, {self.list_days} days"
            f" of lists; {its.arms[0].name}: {control:.2%})"
        )
        if self.has_odd_shares:
            line += "; the arms' numbers of users don't fit their shares: don't trust this"
        return line

    def _of(self, arm: Arm) -> str:
        found = self.differences[arm.name]
        if not np.isfinite(found.low):
            few = min(
                self.of_arms[arm.name].users, self.of_arms[self.experiment.arms[0].name].users
            )
            why = (
                f"{few} users in an arm are too few ({LEAST_USERS} are needed)"
                if few < LEAST_USERS
                else "no user differs from another"
            )
            return f"{arm.name} can't be compared, {why}"
        what = "is better" if found.low > 0 else "is worse" if found.high < 0 else "is not proven"
        points = f"{100 * found.mean:+.2f} points [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"
        more = "" if found.is_proven else " better or worse"
        return f"{arm.name} {what}{more}, {points}, {found.users:,} users"


def finding_of(settings: MlSettings, started: StartedExperiment) -> Finding:
    """Return what the published marts know of an experiment."""
    its = started.experiment
    rows = _outcomes(settings, its)
    known = {arm.name: rows[started.label(arm)] for arm in its.arms if started.label(arm) in rows}
    of_arms = {
        name: Moments(row["listed_users"], row["mean_share"], row["variance_of_shares"] or 0.0)
        for name, row in known.items()
    }
    list_days = min((row["list_days"] for row in known.values()), default=0)
    if len(of_arms) < len(its.arms):
        return Finding(its, list_days, of_arms, {})
    control, *others = its.arms
    # Each of several arms gets its part of the error (Bonferroni).
    alpha = ALPHA / len(others)
    differences = {
        arm.name: difference(of_arms[control.name], of_arms[arm.name], started.planned, alpha)
        for arm in others
    }
    return Finding(its, list_days, of_arms, differences)


def _outcomes(settings: MlSettings, experiment: Experiment) -> dict[str, dict[str, Any]]:
    import duckdb

    asked = {"name": experiment.name, "kind": experiment.kind, "days": experiment.within_days}
    try:
        with published_marts.open_published(settings) as published:
            found = published.execute(_OUTCOMES, asked)
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except (NothingToLearnFrom, duckdb.CatalogException):
        return {}
    return {row["arm"]: row for row in rows}
