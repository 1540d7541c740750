"""Time and memory to generate and to serve a large world.

`python -m bench.days.world [users] [tracks]`: 150,000 users and 50,000 tracks by default, which is
about 20 million listens. The world is made and served by the source's own process.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import module, serving

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

AS_OF = "2026-11-22T21:00:00"
PAGE = 1000


def main() -> None:
    users, tracks = (int(number) for number in (*sys.argv[1:], "150000", "50000")[:2])
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        started = time.perf_counter()
        with source(data_dir, "--users", str(users), "--tracks", str(tracks)) as (process, port):
            report("made and ready", seconds=time.perf_counter() - started, peak_mb=peak(process))
        started = time.perf_counter()
        with source(data_dir) as (process, port):
            report("started again", seconds=time.perf_counter() - started, peak_mb=peak(process))
            started = time.perf_counter()
            sessions, megabytes = download(port)
            seconds = time.perf_counter() - started
            report(
                f"all sessions, pages of {PAGE}",
                sessions=sessions,
                listens=listens(data_dir),
                mb=megabytes,
                seconds=seconds,
                sessions_per_second=sessions / seconds,
                peak_mb=peak(process),
            )


@contextmanager
def source(data_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the source in a separate process; yield its port when it answers."""
    where = ("--port", 0, "--as-of", AS_OF, "--data-dir", data_dir, "--parent-pipe")
    with serving(module("api.source", *where, *options)) as (process, line):
        yield process, int(line.split(",")[0].rsplit(":", 1)[1])


def download(port: int) -> tuple[int, float]:
    """Ask for every page, one after the other over one connection, and throw it away."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    page, pages, sessions, received = 0, 1, 0, 0
    while page < pages:
        page += 1
        connection.request("GET", f"/listen_history?page={page}&size={PAGE}")
        body = connection.getresponse().read()
        received += len(body)
        if page == 1:
            answer: dict[str, Any] = json.loads(body)
            pages, sessions = answer["pages"], answer["total"]
    return sessions, received / 1e6


def listens(data_dir: Path) -> int:
    """Count the listens of the world's blocks up to the clock."""
    import duckdb

    blocks = data_dir / "source" / "blocks" / "listen_history-*.parquet"
    query = f"select sum(len(items)) from read_parquet('{blocks}') where created_at <= '{AS_OF}'"
    (count,) = duckdb.sql(query).fetchall()[0]
    return int(count)


def peak(process: subprocess.Popen[str]) -> float:
    """Most memory a process has held, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def report(what: str, **figures: float) -> None:
    print(f"{what:32}", *(f"{name} {figure:,.0f}" for name, figure in figures.items()), sep="  ")


if __name__ == "__main__":
    main()
