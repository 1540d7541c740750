"""Roll-back of the champion to the one before it, or to a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml.errors import NothingToRollBackTo
from ml.experiments.experiment_log import stop_those_with
from ml.lifecycle.champion.decision_log import one_at_a_time, record_decision
from ml.lifecycle.champion.first_champion import register_baseline
from ml.lifecycle.promotion import Decision
from ml.registry import registry

if TYPE_CHECKING:
    from ml.registry.registry import Version
    from ml.settings import MlSettings


def roll_back(settings: MlSettings, why: str, run_id: str = "") -> Version:
    """Make the previous champion champion again, or a baseline if there was none.

    Args:
        settings: Where the models and the decisions are.
        why: The reason, for the record.
        run_id: The run that rolls back.

    Returns:
        The version that is champion now.

    Raises:
        NothingToRollBackTo: The champion is a baseline, and there was none before it.

    """
    with one_at_a_time(settings):
        present = registry.champion(settings)
        former = _former(settings, present)
        if former is None:
            if present.is_baseline:
                raise NothingToRollBackTo
            former = register_baseline(settings, run_id)
            now = f"version {former.number}, a baseline, is champion"
        else:
            now = f"version {former.number} is champion again"
        sentence = f"{now} instead of version {present.number}: {why}"
        decision = Decision(False, sentence, {"why": why})
        record_decision(
            settings,
            decision,
            champion=former,
            previous=present,
            challenger=None,
            run_id=run_id,
            what="rolled back",
        )
        reason = f"version {present.number} was rolled back"
        stop_those_with(settings.lake_url, present.number, reason, run_id)
    return former


def can_roll_back(settings: MlSettings) -> bool:
    """Whether a roll-back is possible: the champion is no baseline, or there was one before it."""
    present = registry.champion(settings)
    return not present.is_baseline or _former(settings, present) is not None


def _former(settings: MlSettings, present: Version) -> Version | None:
    """Return the newest earlier champion that was not rolled back itself."""
    stack: list[int] = []
    for row in registry.decisions(settings):
        number = row["model_version"]
        if row["decision"] == "promoted":
            stack.append(number)
        elif row["decision"] == "rolled back":
            while stack and stack[-1] != number:
                stack.pop()
    while stack and stack[-1] == present.number:
        stack.pop()
    return registry.versions(settings).get(stack[-1]) if stack else None
