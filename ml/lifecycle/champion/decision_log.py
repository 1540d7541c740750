"""The log of decisions about the champion, in the lake and in MLflow.

Decisions are made under a lock, and written to the lake first. A crash before MLflow is updated
leaves its aliases out of date until the next decision.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lake import batches
from lake.clock import utc_now
from ml.registry import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml.lifecycle.promotion import Decision
    from ml.registry.registry import Version
    from ml.settings import MlSettings


@contextmanager
def one_at_a_time(settings: MlSettings) -> Iterator[None]:
    """Hold the lock that allows one decision at a time, between processes too."""
    settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    with (settings.mlflow_dir / ".deciding.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def record_decision(  # noqa: PLR0913 - a decision, three versions, and the run
    settings: MlSettings,
    decision: Decision,
    *,
    champion: Version | None,
    previous: Version | None,
    challenger: Version | None,
    run_id: str,
    what: str | None = None,
) -> None:
    """Write a decision to `ops/promotions`, then update MLflow's aliases and tags.

    Args:
        settings: Where the lake and MLflow are.
        decision: Whether the challenger is promoted, and why.
        champion: The champion after the decision.
        previous: The champion before it.
        challenger: The version that the decision is about.
        run_id: The run that decides.
        what: The kind of decision, if it is neither `promoted` nor `kept`.

    """
    at = _next_instant(settings)
    row: dict[str, object] = {
        "model_version": champion and champion.number,
        "previous_version": previous and previous.number,
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
    """Return the time now, or just after the newest decision if the clock was set back."""
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
