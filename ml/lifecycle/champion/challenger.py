"""Promotion of a challenger: after an evaluation against the champion, or after an experiment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ml.data.outcomes import listened_to
from ml.errors import MlError
from ml.experiments.experiment_log import all_experiments
from ml.lifecycle.champion.decision_log import one_at_a_time, record_decision
from ml.lifecycle.holdout import metrics_of, metrics_of_popularity
from ml.lifecycle.promotion import Decision, decide
from ml.lifecycle.rolling import decide_over_baseline
from ml.lifecycle.usable import require_usable
from ml.registry import registry

if TYPE_CHECKING:
    from ml.lifecycle.holdout import Holdout
    from ml.registry.registry import Version
    from ml.settings import MlSettings


def evaluate_challenger(
    settings: MlSettings, challenger: Version, holdout: Holdout, run_id: str = ""
) -> Decision:
    """Evaluate a challenger against the champion, and record the decision.

    A challenger that can't be read or used is not promoted; the decision's sentence has the reason.

    Args:
        settings: Where the models and the decisions are, and the thresholds of the rules.
        challenger: The registered version.
        holdout: The listens on which both are evaluated.
        run_id: The run that evaluates.

    Returns:
        The decision.

    """
    with one_at_a_time(settings):
        champion = registry.find_champion(settings)
        decision = _decide(settings, challenger, champion, holdout)
        if champion and (rates := listened_to(settings, champion.number)):
            decision = replace(decision, evidence=decision.evidence | {"listened_to": rates})
        decision = _waiting(settings, decision)
        after = challenger if decision.is_promoted else champion
        record_decision(
            settings,
            decision,
            champion=after,
            previous=champion,
            challenger=challenger,
            run_id=run_id,
        )
    return decision


def promote(
    settings: MlSettings, number: int, sentence: str, evidence: dict[str, Any], run_id: str = ""
) -> Version:
    """Make a version champion because an experiment proved it better.

    The caller stops the experiment.

    Args:
        settings: Where the models and the decisions are.
        number: The version's number.
        sentence: The reason, for the record.
        evidence: The figures of the experiment.
        run_id: The run that promotes.

    Returns:
        The new champion.

    """
    with one_at_a_time(settings):
        champion = registry.find_champion(settings)
        version = registry.versions(settings)[number]
        decision = Decision(True, sentence, evidence)
        record_decision(
            settings,
            decision,
            champion=version,
            previous=champion,
            challenger=version,
            run_id=run_id,
        )
    return version


def _decide(
    settings: MlSettings, challenger: Version, champion: Version | None, holdout: Holdout
) -> Decision:
    """Decide by the rules; `decide_over_baseline` has those against a baseline."""
    try:
        bundle = registry.load(settings, challenger)
        require_usable(bundle, holdout.training)
        if champion and champion.is_baseline:
            baseline = registry.load(settings, champion)
            return decide_over_baseline(bundle, baseline, holdout, settings)
        own = metrics_of(bundle, holdout)
    except MlError as error:
        sentence = f"version {challenger.number} is not promoted: {error}"
        return Decision(False, sentence, {"unusable": str(error)})
    rival = None
    if champion is not None:
        with suppress(MlError):  # an unreadable champion: popularity is the one to beat
            rival = metrics_of(registry.load(settings, champion), holdout)
    return decide(own, rival, metrics_of_popularity(holdout), settings)


def _waiting(settings: MlSettings, decision: Decision) -> Decision:
    """Hold a promotion back while an experiment runs, if the settings say so."""
    running = [one.name for one in all_experiments(settings.lake_url) if not one.is_stopped]
    if not (decision.is_promoted and settings.promotion_waits and running):
        return decision
    sentence = f"not promoted while an experiment runs ({', '.join(running)}): "
    evidence = decision.evidence | {"waits_for": running}
    return replace(
        decision, is_promoted=False, sentence=sentence + decision.sentence, evidence=evidence
    )
