"""Hourly usage counts as rows of the lake's `ops/serving`, without personal data.

A row is one segment: one hour, one model, one run of the server. Its file is replaced whole every
minute until the segment ends, so that a reader sees a row of it or none, and a crash loses a
minute at most.
"""

from __future__ import annotations

from collections import Counter as Tally
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from api.serving.snapshot.manifest import STRATEGIES
from api.serving.telemetry.prometheus_metrics import EDGES, ROUTES, quantile_ms, totals
from lake import log
from lake.clock import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from api.serving.settings import ServingSettings
    from api.serving.snapshot.manifest import Manifest

ANSWERING = ROUTES[:-5]
"""The routes that are asked for answers."""
FEEDBACK = ROUTES[-5:-3]
"""The routes that store feedback; the last ones are probes."""


class Hourly:
    """The current segment."""

    def __init__(self, settings: ServingSettings, at: datetime | None = None) -> None:
        self._lake = settings.lake_url
        self._every = settings.count_every
        self._workers = settings.workers
        self._metrics = settings.metrics_folder
        self._write_at = 0.0
        self._begin(totals(self._metrics), at or utc_now())

    def keep(
        self, manifest: Manifest | None, *, ends: bool = False, at: datetime | None = None
    ) -> None:
        """Write the segment when it is time, or ends: with the hour, the answers or the server.

        Args:
            manifest: The snapshot that was served; None without one.
            ends: Whether the server ends.
            at: The instant; by default now.

        """
        at = at or utc_now()
        ends = ends or _hour(at) != _hour(self._from)
        if not ends and monotonic() < self._write_at:
            return
        self._write_at = monotonic() + self._every
        total = totals(self._metrics)
        counted = total - self._base
        if counted:
            until = min(at, self._from.replace(minute=59, second=59, microsecond=999_999))
            self._write(row(counted, manifest) | {"counted_until": until})
        if ends:
            self._begin(total, at)

    def _begin(self, base: Tally[tuple[str, ...]], at: datetime) -> None:
        self._base, self._from, self._segment = base, at, uuid4().hex
        self._write_at = monotonic() + self._every

    def _write(self, counted: dict[str, Any]) -> None:
        counted |= {
            "hour": _hour(self._from),
            "segment": self._segment,
            "counted_from": self._from,
            "workers": self._workers,
        }
        log.append(self._lake, "serving", [counted], self._from.date(), self._segment)


def row(counted: Tally[tuple[str, ...]], manifest: Manifest | None) -> dict[str, Any]:
    """Return the numbers of a segment."""
    answers = _by_status(counted, ANSWERING)
    everywhere = _by_status(counted, (*ROUTES, "other"))
    feedback = _by_status(counted, FEEDBACK)
    buckets, feedback_buckets = _buckets(counted, ANSWERING), _buckets(counted, FEEDBACK[:1])
    return {
        "model_version": manifest and manifest.model_version,
        "publication_version": manifest and manifest.publication_version,
        "requests": answers.total(),
        "user_requests": sum(counted["users_total", name] for name in STRATEGIES),
        "cold_requests": counted["cold_users_total",],
        "stale_answers": counted["stale_users_total",],
        **{f"{name}_answers": counted["users_total", name] for name in STRATEGIES},
        "refused": everywhere[401],
        "limited": everywhere[429],
        "client_errors": _client_errors(answers),
        "errors": _errors(answers),
        "p50_ms": quantile_ms(buckets, 0.5),
        "p99_ms": quantile_ms(buckets, 0.99),
        "feedback_requests": feedback.total(),
        "feedback_events": counted["feedback_total", "accepted"],
        "feedback_duplicates": counted["feedback_total", "duplicate"],
        "feedback_client_errors": _client_errors(feedback),
        "feedback_errors": _errors(feedback),
        "feedback_p50_ms": quantile_ms(feedback_buckets, 0.5),
        "feedback_p99_ms": quantile_ms(feedback_buckets, 0.99),
    }


def _buckets(counted: Tally[tuple[str, ...]], routes: tuple[str, ...]) -> list[int]:
    return [sum(counted["request_seconds_bucket", one, edge] for one in routes) for edge in EDGES]


def _client_errors(statuses: Tally[int]) -> int:
    return sum(count for code, count in statuses.items() if 400 <= code < 500 and code != 429)


def _errors(statuses: Tally[int]) -> int:
    return sum(count for code, count in statuses.items() if not 100 <= code < 500)


def _by_status(counted: Tally[tuple[str, ...]], routes: tuple[str, ...]) -> Tally[int]:
    statuses: Tally[int] = Tally()
    for (name, *labels), count in counted.items():
        if name == "requests_total" and labels[0] in routes:
            statuses[int(labels[1])] += count
    return statuses


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
