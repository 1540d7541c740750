"""A Spark cluster of its own kind: a master and its workers, each a process, on loopback."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import urlopen

PATIENCE = 600
"""Seconds that any condition may take to come true."""


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return what the condition gives once it is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError, ValueError, KeyError):
            if found := condition():
                return found
        time.sleep(0.2)
    raise TimeoutError(f"{what} did not come within {PATIENCE} s")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The running cluster, its address for applications, and the address of its state."""

    url: str
    page: str
    workers: list[subprocess.Popen[bytes]]

    def state(self) -> dict[str, Any]:
        """What the master says of its workers and applications."""
        with urlopen(f"{self.page}/json/", timeout=10) as answer:
            output: dict[str, Any] = json.load(answer)
        return output

    def alive(self) -> int:
        """Workers that the master believes in."""
        return sum(worker["state"] == "ALIVE" for worker in self.state()["workers"])

    def busy(self) -> int:
        """Workers that run something."""
        return sum(
            worker["state"] == "ALIVE" and worker["coresused"] > 0
            for worker in self.state()["workers"]
        )


@contextmanager
def cluster(folder: Path, environment: dict[str, str], workers: int = 2) -> Iterator[Cluster]:
    """Start a master and workers of one core each; all of them have ended at the end."""
    running: list[subprocess.Popen[bytes]] = []
    java = {
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    }
    environment = os.environ | environment | java

    def start(name: str, *words: str) -> Path:
        log = folder / f"{name}-{len(running)}.log"
        spark_class = Path(_spark_home()) / "bin" / "spark-class"
        kind = f"org.apache.spark.deploy.{name}.{name.title()}"
        with log.open("wb") as out:
            running.append(
                subprocess.Popen(
                    [str(spark_class), kind, "--host", "127.0.0.1", *words],
                    env=environment,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return log

    try:
        log = start("master", "--port", "0", "--webui-port", "0")
        url = wait_for(lambda: _said(log, r"Starting Spark master at (spark://\S+)"), "the master")
        page = wait_for(lambda: _said(log, r"started at (http://\S+)"), "the master's page")
        for number in range(workers):
            own = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work-{number}")]
            start("worker", *own, "--port", "0", "--webui-port", "0", url)
        stands = Cluster(url, page, running[1:])
        wait_for(lambda: stands.alive() == workers, "the workers")
        yield stands
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _said(log: Path, pattern: str) -> str | None:
    output = log.read_text(errors="replace")
    assert "Exception" not in output, output
    found = re.search(pattern, output)
    return found[1] if found else None


def _spark_home() -> str:
    spec = find_spec("pyspark")
    assert spec
    assert spec.submodule_search_locations
    return spec.submodule_search_locations[0]
