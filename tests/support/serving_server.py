"""Serving as processes of its own, for tests that speak to it over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3

from api.serving.access import api_keys
from api.serving.settings import ServingSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Process = subprocess.Popen[str]

PATIENCE = 60


@dataclass(frozen=True, slots=True)
class RunningServing:
    """A server that answers."""

    url: str
    key: str
    process: Process
    log: Path
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def ask(
        self, path: str, *, method: str = "GET", key: str | None = None, body: Any = None
    ) -> urllib3.BaseHTTPResponse:
        """Ask once, with the right key unless given another; an empty one is left out."""
        secret = self.key if key is None else key
        headers = {"x-api-key": secret} if secret else {}
        url = f"{self.url}{path}"
        if body is not None:
            return self.pool.request(method, url, json=body, headers=headers, retries=False)
        return self.pool.request(method, url, headers=headers, retries=False)

    def get(self, path: str) -> dict[str, Any]:
        """An answer that must be one."""
        answered = self.ask(path)
        assert answered.status == 200, answered.data
        found: dict[str, Any] = answered.json()
        return found

    def tracks_of(self, user_id: int) -> list[int]:
        """The ids of a user's tracks, best first."""
        answered = self.get(f"/users/{user_id}/recommendations?limit=50")
        return [item["track_id"] for item in answered["items"]]


def settings(data_dir: Path, **given: Any) -> ServingSettings:
    """The settings of a test: its own folder, a free port, and no more limits than it asks for."""
    chosen = {"port": 0, "workers": 1, "rate": 1e6, "burst": 10**6} | given
    return ServingSettings(data_dir=data_dir, **chosen)


def begin_serving(
    data_dir: Path, *options: str, log: Path | None = None, **environment: str
) -> Process:
    """Start `moovitamix serve` on a free port."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MOOVITAMIX_")}
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", "serve", "--port", "0", *options],
        env=ours | {"MOOVITAMIX_DATA_DIR": str(data_dir)} | environment,
        stdout=subprocess.PIPE,
        stderr=log.open("a") if log else subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(data_dir: Path, workers: int = 1, **environment: str) -> Iterator[RunningServing]:
    """Run a server on a free port until the block ends; MOOVITAMIX_SERVING_… as given."""
    path = settings(data_dir).keys_file
    if any(known.name == "test" for known in api_keys.read(path)):
        api_keys.remove(path, "test")
    secret = api_keys.add(path, "test")
    free = {"MOOVITAMIX_SERVING_RATE": "1e6", "MOOVITAMIX_SERVING_BURST": "1000000"}
    log = data_dir / "serving.log"
    process = begin_serving(data_dir, f"--workers={workers}", log=log, **(free | environment))
    assert process.stdout
    try:
        first_line = process.stdout.readline().strip()
        if not first_line:
            raise AssertionError(log.read_text())
        yield RunningServing(first_line.removeprefix("serving API on "), secret, process, log)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait until it holds; return how long that took. Raises `AssertionError` after that long."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"it did not happen in {seconds} s")
        time.sleep(0.01)
    return time.monotonic() - started
