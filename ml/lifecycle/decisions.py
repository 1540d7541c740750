"""Decisions about the champion: made under a lock, written to the lake, then to MLflow.

The newest row of `ops/promotions` says who is champion. MLflow's aliases repeat it for people; a
crash in between leaves them behind until the next decision, and nothing reads them to serve.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lake import batches
from lake.clock import utc_now
from ml.data.outcomes import listened_to
from ml.errors import DamagedModel, MlError, NothingToRollBackTo, UnusableModel
from ml.experiments.experiment_log import all_experiments, stop_those_with
from ml.lifecycle.first_champion import register_baseline
from ml.lifecycle.holdout import metrics_of, metrics_of_popularity
from ml.lifecycle.promotion import Decision, decide
from ml.lifecycle.rolling import decide_over_baseline
from ml.lifecycle.usable import require_usable
from ml.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    with _one_at_a_time(settings):
        champion = registry.find_champion(settings)
        decision = _decide(settings, challenger, champion, holdout)
        if champion and (rates := listened_to(settings, champion.number)):
            decision = replace(decision, evidence=decision.evidence | {"listened_to": rates})
        decision = _waiting(settings, decision)
        after = challenger if decision.is_promoted else champion
        _write(settings, decision, after, champion, challenger, run_id)
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
    with _one_at_a_time(settings):
        champion = registry.find_champion(settings)
        version = registry.versions(settings)[number]
        decision = Decision(True, sentence, evidence)
        _write(settings, decision, version, champion, version, run_id)
    return version


def ensure_champion(settings: MlSettings, run_id: str = "") -> Version:
    """Return the champion; where there is none yet, a baseline becomes it.

    A baseline whose file is damaged is replaced: its settings are all that it is. Raises
    `NothingToLearnFrom` where no features are published yet.
    """
    with _one_at_a_time(settings):
        champion = registry.find_champion(settings)
        if champion is not None and not (champion.is_baseline and _is_damaged(settings, champion)):
            return champion
        first = register_baseline(settings, run_id)
        sentence = f"version {first.number}, a baseline, is champion: "
        sentence += (
            f"the file of version {champion.number}, a baseline too, is damaged"
            if champion
            else "no model has been proven better yet"
        )
        _write(settings, Decision(True, sentence, {}), first, champion, first, run_id)
    return first


def roll_back(settings: MlSettings, why: str, run_id: str = "") -> Version:
    """Put the champion before the present one back, or where there was none a baseline.

    Args:
        settings: Where the models and the decisions are.
        why: The reason, for the record.
        run_id: The run that does it.

    Returns:
        The version that is champion now.

    Raises:
        NothingToRollBackTo: The present champion is a baseline, and none was before it.

    """
    with _one_at_a_time(settings):
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
        _write(settings, decision, former, present, None, run_id, "rolled back")
        reason = f"version {present.number} was rolled back"
        stop_those_with(settings.lake_url, present.number, reason, run_id)
    return former


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


def can_roll_back(settings: MlSettings) -> bool:
    """Whether there is something to go back to: a champion before this one, or a baseline."""
    present = registry.champion(settings)
    return not present.is_baseline or _former(settings, present) is not None


def _former(settings: MlSettings, present: Version) -> Version | None:
    """Return the newest champion before the present one that was not rolled back itself."""
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


def _is_damaged(settings: MlSettings, version: Version) -> bool:
    try:
        registry.load(settings, version)
    except (DamagedModel, UnusableModel):
        return True
    return False


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


@contextmanager
def _one_at_a_time(settings: MlSettings) -> Iterator[None]:
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    with (settings.mlflow_dir / ".deciding.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(  # noqa: PLR0913, PLR0917 - a decision, versions, and the run
    settings: MlSettings,
    decision: Decision,
    after: Version | None,
    before: Version | None,
    challenger: Version | None,
    run_id: str,
    what: str | None = None,
) -> None:
    at = _next_instant(settings)
    row: dict[str, object] = {
        "model_version": after and after.number,
        "previous_version": before and before.number,
        "challenger_version": challenger and challenger.number,
        "decision": what or ("promoted" if decision.is_promoted else "kept"),
        "sentence": decision.sentence,
        "figures": decision.as_json(),
        "run_id": run_id,
        "decided_at": at,
    }
    batches.append(settings.lake_url, "promotions", [row], at.date())
    _update_mlflow(settings, row)


def _next_instant(settings: MlSettings) -> datetime:
    """Return an instant after every decision so far, even where the clock went back."""
    at = utc_now()
    rows = registry.decisions(settings)
    return max(at, rows[-1]["decided_at"] + timedelta(microseconds=1)) if rows else at


def _update_mlflow(settings: MlSettings, row: dict[str, object]) -> None:
    from ml.registry.tracking import tracking_client

    with tracking_client(settings) as client:
        if row["model_version"] is not None:
            client.set_registered_model_alias(
                registry.NAME, registry.CHAMPION, str(row["model_version"])
            )
        elif row["previous_version"] is not None:
            client.delete_registered_model_alias(registry.NAME, registry.CHAMPION)
        if row["challenger_version"] is not None:
            number = str(row["challenger_version"])
            client.set_registered_model_alias(registry.NAME, registry.CHALLENGER, number)
            client.set_model_version_tag(registry.NAME, number, "decision", row["decision"])
            client.set_model_version_tag(registry.NAME, number, "sentence", row["sentence"])
            client.set_model_version_tag(registry.NAME, number, "figures", row["figures"])
