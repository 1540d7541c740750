"""Drift: how far features and answers have moved since the newest training.

Two sources: the features, by their profile at the training; and what the app was answered, which
the serving API counts by the hour. All measures are recorded in `ops/drift`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lake import batches
from lake.clock import utc_now
from ml.data import published_marts
from ml.lifecycle.profile import Profile, profile, stability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml.registry.registry import Version
    from ml.settings import MlSettings

LATELY = timedelta(hours=24)
# Below that, a share is mostly chance.
LEAST_REQUESTS = 200


@dataclass(frozen=True, slots=True)
class Measure:
    """One way in which things may have moved, how far they did, and how far they may."""

    measure: str
    value: float
    limit: float

    @property
    def is_beyond(self) -> bool:
        """Whether it calls for a training."""
        return self.value > self.limit

    def __str__(self) -> str:
        return f"{self.measure} {self.value:.3f} beyond {self.limit:g}"


def drift(settings: MlSettings, newest: Version, run_id: str) -> list[Measure]:
    """Measure drift since the newest training, and record it in `ops/drift`.

    Args:
        settings: Where the data folder, the lake and the registry are.
        newest: The version that was trained last.
        run_id: The run that asks.

    """
    measures = of_features(settings, newest) + of_answers(
        batches.read(settings.lake_url, "serving", since=newest.trained_at.date()),
        newest.trained_at,
        settings,
    )
    at = utc_now()
    about = {"run_id": run_id, "model_version": newest.number, "measured_at": at}
    rows = [about | asdict(one) | {"is_beyond": one.is_beyond} for one in measures]
    if rows:
        batches.append(settings.lake_url, "drift", rows, at.date())
    return measures


def of_features(settings: MlSettings, newest: Version) -> list[Measure]:
    """Compare the present features with those of the newest training."""
    before = _profile_of(settings, newest.number)
    with published_marts.open_published(settings) as published:
        now = profile(published, published_marts.cut_offs(published)[-1])
    return [
        Measure(f"PSI of {name}", stability(before[name], shares), settings.drift_psi)
        for name, shares in sorted(now.items())
        if name in before
    ]


def of_answers(
    hours: Sequence[dict[str, Any]], since: datetime, settings: MlSettings
) -> list[Measure]:
    """Compare the answers of the last day with those before it, all since the newest training.

    Args:
        hours: Rows of `ops/serving_hours`.
        since: When the newest model was trained.
        settings: The limits of drift.

    """
    counted = [row for row in hours if row["hour"] >= since]
    if not counted:
        return []
    newest = max(row["hour"] for row in counted)
    late = [row for row in counted if row["hour"] > newest - LATELY]
    early = [row for row in counted if row["hour"] <= newest - LATELY]
    measures = []
    if (cold := _share(late, "cold_requests")) is not None:
        measures.append(Measure("share of cold requests", cold, settings.drift_cold_share))
    personal, before = _share(late, "model_answers"), _share(early, "model_answers")
    if personal is not None and before:
        fall = max(0.0, 1 - personal / before)
        measures.append(Measure("fall of personal answers", fall, settings.drift_fall))
    return measures


def _share(rows: Sequence[dict[str, Any]], which: str) -> float | None:
    """Return the share of the users asked about; None where too few were."""
    asked = sum(row["user_requests"] or 0 for row in rows)
    if asked < LEAST_REQUESTS:
        return None
    return float(sum(row[which] or 0 for row in rows) / asked)


def note_profile(settings: MlSettings, number: int, now: Profile, run_id: str) -> None:
    """Record the profile of features at the training of a version.

    Args:
        settings: Where the data folder, the lake and the registry are.
        number: The version.
        now: The profile.
        run_id: The run that asks.

    """
    at = utc_now()
    about = {"model_version": number, "run_id": run_id, "noted_at": at}
    rows = [
        {**about, "feature": name, "bin": one, "share": share}
        for name, shares in now.items()
        for one, share in shares.items()
    ]
    if rows:
        batches.append(settings.lake_url, "feature_profiles", rows, at.date())


def _profile_of(settings: MlSettings, number: int) -> Profile:
    found: Profile = {}
    for row in batches.read(settings.lake_url, "feature_profiles"):
        if row["model_version"] == number:
            found.setdefault(row["feature"], {})[row["bin"]] = row["share"]
    return found
