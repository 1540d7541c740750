"""The hour's counts as rows of the lake's `ops/serving`: how many, how fast, never who.

A row is one segment: one hour, one model, one run of the server. Its file is replaced whole every
minute until the segment ends, so that a reader sees a row of it or none, and a crash loses a
minute at most.
"""

from __future__ import annotations

from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fsspec
import pyarrow as pa

from api.serving.counters import BOUNDS_MS, ROUTES, STRATEGIES, Total, quantile_ms
from lake import files
from lake.clock import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from api.serving.settings import ServingSettings
    from api.serving.snapshot.manifest import Facts

_INSTANT, _COUNT = pa.timestamp("us"), pa.int64()
SCHEMA = pa.schema(
    [
        ("hour", _INSTANT),
        ("segment", pa.string()),
        ("model_version", pa.int32()),
        ("publication_version", pa.int32()),
        ("counted_from", _INSTANT),
        ("counted_until", _INSTANT),
        ("workers", pa.int32()),
        ("requests", _COUNT),
        ("user_requests", _COUNT),
        ("cold_requests", _COUNT),
        ("stale_answers", _COUNT),
        *((f"{strategy}_answers", _COUNT) for strategy in STRATEGIES),
        ("refused", _COUNT),
        ("limited", _COUNT),
        ("client_errors", _COUNT),
        ("errors", _COUNT),
        ("p50_ms", pa.float64()),
        ("p99_ms", pa.float64()),
    ]
)
ANSWERING = ROUTES[:4]
"""The routes that are asked for answers; the others are probes."""


class Hourly:
    """The segment that is being counted."""

    def __init__(self, settings: ServingSettings, at: datetime | None = None) -> None:
        self._lake = settings.lake_url
        self._every = settings.count_every
        self._workers = settings.workers
        self._counts = settings.folder / "counts"
        self._write_at = 0.0
        self._begin(Total.read(self._counts), at or utc_now())

    def keep(self, facts: Facts | None, *, ends: bool = False, at: datetime | None = None) -> None:
        """Write the segment when it is time, or ends: with the hour, the answers or the server."""
        at = at or utc_now()
        ends = ends or _hour(at) != _hour(self._from)
        if not ends and monotonic() < self._write_at:
            return
        self._write_at = monotonic() + self._every
        total = Total.read(self._counts)
        counted = total.since(self._base)
        if any(counted.numbers):
            until = min(at, self._from.replace(minute=59, second=59, microsecond=999_999))
            self._write(row(counted, facts) | {"counted_until": until})
        if ends:
            self._begin(total, at)

    def _begin(self, base: Total, at: datetime) -> None:
        self._base, self._from, self._segment = base, at, uuid4().hex
        self._write_at = monotonic() + self._every

    def _write(self, counted: dict[str, Any]) -> None:
        counted |= {
            "hour": _hour(self._from),
            "segment": self._segment,
            "counted_from": self._from,
            "workers": self._workers,
        }
        append(self._lake, counted, self._segment)


def row(counted: Total, facts: Facts | None) -> dict[str, Any]:
    """The figures of a segment."""
    statuses: dict[int, int] = {}
    buckets = [0] * (len(BOUNDS_MS) + 1)
    for route in ANSWERING:
        for status, count in counted.requests(route).items():
            statuses[status] = statuses.get(status, 0) + count
        buckets = [a + b for a, b in zip(buckets, counted.times(route)[0], strict=True)]
    turned_away = [counted.requests(route) for route in ROUTES]
    return {
        "model_version": facts and facts.model_version,
        "publication_version": facts and facts.publication_version,
        "requests": sum(statuses.values()),
        "user_requests": counted.fact("users"),
        "cold_requests": counted.fact("cold"),
        "stale_answers": counted.fact("stale"),
        **{f"{name}_answers": counted.fact(name) for name in STRATEGIES},
        "refused": sum(route[401] for route in turned_away),
        "limited": sum(route[429] for route in turned_away),
        "client_errors": sum(
            count for status, count in statuses.items() if 400 <= status < 500 and status != 429
        ),
        "errors": sum(count for status, count in statuses.items() if status == 0 or status >= 500),
        "p50_ms": quantile_ms(buckets, 0.5),
        "p99_ms": quantile_ms(buckets, 0.99),
    }


def append(lake: str, counted: dict[str, Any], name: str) -> None:
    """Put one row at `ops/serving/day=…/<name>.parquet`: by rename, or by one put."""
    storage, root = fsspec.core.url_to_fs(lake)
    path = f"{root}/ops/serving/day={counted['hour']:%Y-%m-%d}/{name}.parquet"
    files.put_table(storage, path, pa.Table.from_pylist([counted], SCHEMA))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
