"""Prometheus metrics of all workers together, out of what they count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from api.serving.counters import BOUNDS_MS, ROUTES, STRATEGIES, Total

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from api.serving.snapshot.current import Served

_PREFIX = "moovitamix_serving_"
_EDGES = [*(str(bound / 1000) for bound in BOUNDS_MS), "+Inf"]


class Collector:
    """Reads the counts when Prometheus asks, whichever worker it asks."""

    def __init__(self, counts: Path, served: Served) -> None:
        self._counts = counts
        self._served = served

    def collect(self) -> Iterator[Metric]:
        """Tell requests and durations by endpoint, users by strategy, and what is served."""
        total = Total.read(self._counts)
        yield _requests(total)
        yield _seconds(total)
        yield _users(total)
        for name, said in (("cold", "Users nothing is known of"), ("stale", "Stale answers")):
            yield CounterMetricFamily(f"{_PREFIX}{name}_users", said, total.fact(name))
        yield from self._served_now()

    def _served_now(self) -> Iterator[Metric]:
        answers = self._served.answers
        version = (answers and answers.facts.model_version) or 0
        age = answers.age_seconds() if answers else float("nan")
        for name, said, value in (
            ("model_version", "Version of the model whose answers are served; 0: none", version),
            ("predictions_age_seconds", "Age of the predictions that are served", age),
            ("degraded", "1 while something older is served", bool(self._served.degraded)),
        ):
            yield GaugeMetricFamily(f"{_PREFIX}{name}", said, value)


def registry(counts: Path, served: Served) -> CollectorRegistry:
    """A registry of its own for one app."""
    made = CollectorRegistry()
    made.register(Collector(counts, served))
    return made


def _requests(total: Total) -> Metric:
    family = CounterMetricFamily(
        f"{_PREFIX}requests", "Requests answered", labels=("endpoint", "status")
    )
    for route in ROUTES:
        for status, count in total.requests(route).items():
            if count:
                family.add_metric((route, str(status or "other")), count)
    return family


def _seconds(total: Total) -> Metric:
    family = HistogramMetricFamily(
        f"{_PREFIX}request_seconds", "Seconds from request to answer", labels=("endpoint",)
    )
    for route in ROUTES:
        buckets, nanoseconds = total.times(route)
        if not sum(buckets):
            continue
        upto = [sum(buckets[: at + 1]) for at in range(len(buckets))]
        edges = list(zip(_EDGES, map(float, upto), strict=True))
        family.add_metric((route,), edges, sum_value=nanoseconds / 1e9)
    return family


def _users(total: Total) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}users", "Users answered", labels=("strategy",))
    for strategy in STRATEGIES:
        family.add_metric((strategy,), total.fact(strategy))
    return family
