"""Feedback under load: acknowledged events a second, and how long an acknowledgement takes.

Threads of this process share the cores with the server. Batches of ten events, then single events;
the inbox is an SQLite file, and each acknowledgement waits for its flush to the disk.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import quantiles

import urllib3

from api.serving.access import api_keys
from api.serving.settings import ServingSettings
from bench.measure import table
from bench.promises import Promise, report
from bench.serving.serve import serving
from lake.feedback.inbox import Inbox
from tests.support.served_marts import Marts

PROMISED = 1_000
"""Events a second, on two cores."""


@dataclass(frozen=True, slots=True)
class Found:
    """Events that were acknowledged in some seconds, and how long each request took."""

    events: int
    seconds: float
    milliseconds: list[float]

    @property
    def per_second(self) -> float:
        """Acknowledged events a second."""
        return self.events / self.seconds


def main() -> None:
    """Measure, and report which promises hold."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    asked.add_argument("--connections", type=int, default=16)
    asked.add_argument("--seconds", type=float, default=5)
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = ServingSettings(data_dir=Path(folder))
        Marts().publish(settings.marts_file)
        key = api_keys.add(settings.keys_file, "bench")
        with serving(Path(folder), given.workers) as (port, _):
            numbers = count()
            found = {
                size: [_loaded(given, port, key, size, numbers) for _ in range(given.rounds)]
                for size in (10, 1)
            }
        inbox = Inbox(settings.inbox_url)
        stored = sum(map(len, inbox.events(0)))
        inbox.close()
    acknowledged = sum(one.events for rounds in found.values() for one in rounds)
    print(f"{acknowledged:,} events acknowledged, {stored:,} stored")
    rows = [_row(size, rounds) for size, rounds in found.items()]
    table("Feedback", ["events a request", "events/s", "p50 ms", "p99 ms"], rows)
    report("feedback", *(_promise(size, rounds) for size, rounds in found.items()))


def _loaded(
    given: argparse.Namespace, port: int, key: str, size: int, numbers: Iterator[int]
) -> Found:
    began = time.perf_counter()
    send = partial(_client, port, key, size, numbers, began + given.seconds)
    with ThreadPoolExecutor(given.connections) as pool:
        times = [ms for client in pool.map(send, range(given.connections)) for ms in client]
    return Found(len(times) * size, time.perf_counter() - began, times)


def _client(  # noqa: PLR0913, PLR0917 - one client's load
    port: int, key: str, size: int, numbers: Iterator[int], until: float, user_id: int
) -> list[float]:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1)
    headers, times = {"x-api-key": key, "content-type": "application/json"}, []
    while (asked := time.perf_counter()) < until:
        events = [
            {"key": f"{next(numbers)}", "user_id": user_id, "track_id": 7, "kind": "play"}
            for _ in range(size)
        ]
        body = json.dumps({"events": events}).encode()
        answered = pool.request("POST", "/feedback", body=body, headers=headers)
        if answered.status != 202:
            raise SystemExit(f"feedback was refused: {answered.data.decode()}")
        times.append(1_000 * (time.perf_counter() - asked))
    return times


def _row(size: int, rounds: list[Found]) -> tuple[str, ...]:
    best = max(rounds, key=lambda one: one.per_second)
    cuts = quantiles(best.milliseconds, n=100)
    return (str(size), f"{best.per_second:,.0f}", f"{cuts[49]:.1f}", f"{cuts[98]:.1f}")


def _promise(size: int, rounds: list[Found]) -> Promise:
    rates = sorted(one.per_second for one in rounds)
    limit = PROMISED if size > 1 else None
    return Promise(
        f"events in requests of {size} against {PROMISED:,} a second",
        f"{rates[len(rates) // 2]:,.0f} /s",
        f"{PROMISED:,} /s",
        [rate / PROMISED for rate in rates],
        limit and 1.0,
        "at least",
    )


if __name__ == "__main__":
    main()
