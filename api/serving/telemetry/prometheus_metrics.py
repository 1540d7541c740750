"""Prometheus metrics of all workers together, in prometheus_client's multiprocess mode.

Each worker writes its own files in one folder, and a reader adds them up. Numbers only grow while a
server runs, and contain no personal data.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from api.serving.snapshot.manifest import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from api.serving.snapshot.current import CurrentSnapshot

ROUTES = (
    "/users/{user_id}/recommendations",
    "/tracks/{track_id}/similar",
    "/recommendations:batch",
    "/recommendations:session",
    "/users/{user_id}/playlists",
    "/playlists/{playlist_id}",
    "/model",
    "/feedback",
    "/users/{user_id}/feedback",
    "/health",
    "/ready",
    "/metrics",
)
"""Requests of any other path are counted as `other`."""
BOUNDS_MS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 25, 50, 100, 250, 500, 1000)
"""Upper bounds of the histogram; a last bucket holds what took longer."""
EDGES = (*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf")
"""The same in seconds, as Prometheus names its buckets."""

_PREFIX = "moovitamix_serving_"


class Counts:
    """The counters of this worker."""

    def __init__(self) -> None:
        self._requests = Counter(
            f"{_PREFIX}requests", "Requests answered", ("endpoint", "status"), registry=None
        )
        seconds = Histogram(
            f"{_PREFIX}request_seconds",
            "Seconds from request to answer",
            ("endpoint",),
            buckets=[bound / 1000 for bound in BOUNDS_MS],
            registry=None,
        )
        users = Counter(f"{_PREFIX}users", "Users answered", ("strategy",), registry=None)
        self._cold = Counter(f"{_PREFIX}cold_users", "Users nothing is known of", registry=None)
        self._stale = Counter(f"{_PREFIX}stale_users", "Stale answers", registry=None)
        events = Counter(f"{_PREFIX}feedback", "Events of feedback", ("outcome",), registry=None)
        self._accepted, self._duplicates = events.labels("accepted"), events.labels("duplicate")
        self._seconds = {route: seconds.labels(route) for route in (*ROUTES, "other")}
        self._users = [users.labels(strategy) for strategy in STRATEGIES]
        self._by_status: dict[tuple[str, int], Counter] = {}

    def request(self, route: str, status: int, nanoseconds: int) -> None:
        """Count one request of any route.

        Args:
            route: The route's template.
            status: The HTTP status code.
            nanoseconds: How long the answer took.

        """
        if route not in self._seconds:
            route = "other"
        if not (requests := self._by_status.get((route, status))):
            requests = self._requests.labels(route, str(status))
            self._by_status[route, status] = requests
        requests.inc()
        self._seconds[route].observe(nanoseconds / 1e9)

    def user(self, strategy: int, *, known: bool, stale: bool) -> None:
        """Count one user's answer, alone or in a batch.

        Args:
            strategy: The number of the strategy that made the list.
            known: Whether the user has a list of their own.
            stale: Whether the list is older than it should be.

        """
        self._users[strategy].inc()
        if not known:
            self._cold.inc()
        if stale:
            self._stale.inc()

    def feedback(self, accepted: int, duplicates: int) -> None:
        """Count the events of one request."""
        self._accepted.inc(accepted)
        self._duplicates.inc(duplicates)


def totals(folder: Path) -> Tally[tuple[str, ...]]:
    """Add up what all workers counted: by the sample's name and its labels' values."""
    found: Tally[tuple[str, ...]] = Tally()
    for metric in _collector(None, folder).collect():
        for sample in metric.samples:
            name = sample.name.removeprefix(_PREFIX)
            found[name, *sample.labels.values()] = int(sample.value)
    return found


def quantile_ms(counts: Sequence[float], share: float) -> float | None:
    """Estimate a quantile from a histogram, evenly within its bucket.

    Args:
        counts: How many took at most each of `BOUNDS_MS`, and how many there were.
        share: Which quantile: 0.5 is the median.

    Returns:
        Milliseconds, at most the last bound; none where nothing was counted.

    """
    if not counts[-1]:
        return None
    wanted = share * counts[-1]
    bucket = bisect_left(counts, wanted)
    if bucket == len(BOUNDS_MS):
        return float(BOUNDS_MS[-1])
    low, below = (BOUNDS_MS[bucket - 1], counts[bucket - 1]) if bucket else (0.0, 0.0)
    return low + (BOUNDS_MS[bucket] - low) * (wanted - below) / (counts[bucket] - below)


def registry(folder: Path, served: CurrentSnapshot) -> CollectorRegistry:
    """Return what `/metrics` shows: the counts of all workers, and what is served."""
    shown = CollectorRegistry()
    _collector(shown, folder)
    shown.register(_ServedNow(served))
    return shown


def _collector(shown: CollectorRegistry | None, folder: Path) -> Any:  # noqa: ANN401 - untyped
    return MultiProcessCollector(shown, str(folder))  # type: ignore[no-untyped-call]


class _ServedNow:
    """The snapshot that is served, as gauges."""

    def __init__(self, served: CurrentSnapshot) -> None:
        self._served = served

    def collect(self) -> Iterator[Metric]:
        snapshot = self._served.snapshot
        version = (snapshot and snapshot.manifest.model_version) or 0
        age = snapshot.age_seconds() if snapshot else float("nan")
        for name, description, value in (
            ("model_version", "Version of the model whose answers are served; 0: none", version),
            ("predictions_age_seconds", "Age of the predictions that are served", age),
            ("degraded", "1 while something older is served", bool(self._served.degraded)),
        ):
            yield GaugeMetricFamily(f"{_PREFIX}{name}", description, value)
