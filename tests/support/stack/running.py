"""`moovitamix airflow` as a person starts it, and what can be asked of it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from tests.support.installation import SMALL_WORLD

PATIENCE = 420


@dataclass(slots=True)
class RunningStack:
    """A stack that is up: its front process, its output, and where its parts are."""

    process: subprocess.Popen[str]
    data_dir: Path
    output: str
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def url(self, name: str) -> str:
        """Where a part is, by the output."""
        found = re.search(rf"^{name} +(http://\S+)", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    def passwords(self) -> dict[str, str]:
        """Who may log in, from the file."""
        known: dict[str, str] = json.loads(
            (self.data_dir / "airflow" / "passwords.json").read_text()
        )
        return known

    def token(self, who: str) -> str:
        """Log in."""
        body = {"username": who, "password": self.passwords()[who]}
        answer = self.pool.request("POST", f"{self.url('Airflow')}/auth/token", json=body)
        assert answer.status == 201, answer.data
        return str(answer.json()["access_token"])

    def ask(
        self, path: str, who: str | None = None, *, method: str = "GET", body: Any = None
    ) -> urllib3.BaseHTTPResponse:
        """Ask Airflow, with or without a login."""
        headers = {"authorization": f"Bearer {self.token(who)}"} if who else {}
        url = f"{self.url('Airflow')}{path}"
        given = {} if body is None else {"json": body}
        return self.pool.request(
            method, url, headers=headers, retries=False, redirect=False, **given
        )


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """What a stack of a test needs, whatever the shell of the tests has set."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MOOVITAMIX_", "AIRFLOW_", "MLFLOW_", "OTEL_"))
    }
    ours = {"MOOVITAMIX_DATA_DIR": str(data_dir), "MOOVITAMIX_STACK_PATIENCE": str(PATIENCE)}
    return inherited | SMALL_WORLD | ours | more


def begin(data_dir: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    """Start it without waiting."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli.main", "airflow", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(data_dir, **more),
    )


def output_until(process: subprocess.Popen[str], last: str) -> str:
    """Read its output until a line has `last` in it; fail with all of it if it ends before."""
    assert process.stdout
    output = ""
    for line in process.stdout:
        output += line
        if last in line:
            return output
    raise AssertionError(output)


@contextmanager
def running(data_dir: Path, **more: str) -> Iterator[RunningStack]:
    """Run a stack on free ports until the block ends, or a test has ended it."""
    process = begin(data_dir, "--free-ports", **more)
    try:
        output = output_until(process, "Ctrl-C ends everything")
        yield RunningStack(process, data_dir, output)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
        assert process.stdout
        process.stdout.close()


def left_of(data_dir: Path) -> list[str]:
    """Every process that works for a stack's data folder, by its environment or its words."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            process_text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(data_dir).encode() in process_text:
            found.append(f"{folder.name} {words}")
    return found


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until it holds; fail after `seconds`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"it did not happen in {seconds} s"
        time.sleep(0.2)
