"""Workers killed at random moments under feedback: nothing acknowledged is lost or stored twice."""

from __future__ import annotations

import os
import re
import signal
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import urllib3

from lake.feedback.inbox import Inbox
from tests.support.served_marts import Marts
from tests.support.serving_server import serving, settings, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.serving_server import RunningServing

CLIENTS, TRACKS = 3, 40


class Client(threading.Thread):
    """One user's app: it sends each batch again until it is acknowledged."""

    def __init__(self, running: RunningServing, user_id: int, stop: threading.Event) -> None:
        super().__init__()
        self._running, self.user_id, self._stop_event = running, user_id, stop
        self._pool = urllib3.PoolManager(maxsize=1)
        self._draw = Random(user_id)
        self.acknowledged: list[str] = []
        self.hidden: set[int] = set()

    def run(self) -> None:
        while not self._stop_event.is_set():
            hidden = self._draw.randint(1, TRACKS)
            events = [
                {"key": uuid4().hex, "user_id": self.user_id, "track_id": track, "kind": kind}
                for kind, track in [("play", 1), ("skip", 2), ("hide", hidden)]
            ]
            if self._send(events):
                self.acknowledged += [str(event["key"]) for event in events]
                self.hidden.add(hidden)

    def _send(self, events: list[dict[str, object]]) -> bool:
        while not self._stop_event.is_set():
            with suppress(urllib3.exceptions.HTTPError):
                answered = self._pool.request(
                    "POST",
                    f"{self._running.url}/feedback",
                    json={"events": events},
                    headers={"x-api-key": self._running.key},
                    retries=False,
                    timeout=10,
                )
                if answered.status == 202:
                    assert sum(answered.json().values()) == len(events)
                    return True
        return False


def workers(running: RunningServing) -> list[int]:
    """The workers that have answered and live."""
    seen = set(re.findall(r'"process":"worker (\d+)"', running.log.read_text()))
    return [int(pid) for pid in sorted(seen) if Path(f"/proc/{pid}").exists()]


def _has_come(moment: int, count: Callable[[], int], running: RunningServing) -> bool:
    return count() >= moment and bool(workers(running))


def _is_shown_nothing_hidden(client: Client, running: RunningServing) -> bool:
    return client.hidden.isdisjoint(running.tracks_of(client.user_id))


@pytest.mark.parametrize(
    "kills", [5, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])]
)
def test_workers_killed_at_random_moments_lose_and_repeat_nothing(
    tmp_path: Path, kills: int
) -> None:
    Marts(tracks=TRACKS).publish(tmp_path / "marts.duckdb")
    draw, stop = Random(kills), threading.Event()
    with serving(tmp_path, workers=2) as running:
        clients = [Client(running, 1000 + number, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()

        def count() -> int:
            return sum(len(client.acknowledged) for client in clients)

        try:
            for _ in range(kills):
                moment = count() + draw.randint(1, 60)
                wait_for(partial(_has_come, moment, count, running))
                os.kill(draw.choice(workers(running)), signal.SIGKILL)
        finally:
            stop.set()
            for client in clients:
                client.join()
        wait_for(lambda: running.ask("/ready", key="").status == 200)
        # The other worker looks ten times a second for what this one has acknowledged.
        for client in clients:
            wait_for(partial(_is_shown_nothing_hidden, client, running), 2)
    inbox = Inbox(settings(tmp_path).inbox_url)
    stored = [str(row["key"]) for rows in inbox.events(0) for row in rows]
    pairs = set(inbox.hidden(None))
    inbox.close()
    assert len(stored) == len(set(stored))
    for client in clients:
        assert client.acknowledged
        assert set(client.acknowledged) <= set(stored)
        assert {(client.user_id, track) for track in client.hidden} <= pairs
