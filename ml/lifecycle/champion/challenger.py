"""Promotion of a challenger: by its evaluation against the champion, or by an experiment."""

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
    """Evaluate a registered version against the present champion, and write the decision.

    One that can't be read or used is not promoted; the sentence says why.

    Args:
        settings: where models and decisions are, and the rules' thresholds.
        challenger: the version.
        holdout: what both are evaluated on.
        run_id: the run that asks.

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
    """Make a version champion by what an experiment has proven; the experiment ends with it.

    Args:
        settings: Where the models and the decisions are.
        number: The version.
        sentence: Why, for the record.
        evidence: The figures that decided.
        run_id: The run that does it.

    Returns:
        The champion.

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
        with suppress(MlError):  # a champion that can't be read defends nothing
            rival = metrics_of(registry.load(settings, champion), holdout)
    return decide(own, rival, metrics_of_popularity(holdout), settings)


def _waiting(settings: MlSettings, decision: Decision) -> Decision:
    """Return the decision, or where a promotion is to wait for an experiment, that it waits."""
    running = [one.name for one in all_experiments(settings.lake_url) if not one.is_stopped]
    if not (decision.is_promoted and settings.promotion_waits and running):
        return decision
    sentence = f"not promoted while an experiment runs ({', '.join(running)}): "
    evidence = decision.evidence | {"waits_for": running}
    return replace(
        decision, is_promoted=False, sentence=sentence + decision.sentence, evidence=evidence
    )
