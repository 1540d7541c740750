"""Serving under load, against a FastAPI route that returns a constant on the same server.

Both are loaded in turns, as fast as they answer; then serving alone at half of its peak; then each
other route as fast as it answers; and simple requests once more while new publications come in.
Keys, limits, counts and logs are on. Answers have 10 tracks with a reason for every second one;
users are drawn evenly, one in fifty is unknown.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from api.serving.access import api_keys
from api.serving.settings import ServingSettings
from bench.measure import table
from bench.promises import Promise, report
from bench.serving import load, serve_routes
from bench.serving.load import Load, Outcome
from tests.support.served_marts import Marts

RATIO, P99_MS = 0.5, 25


def main() -> None:
    """Measure, and report which promises hold."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(dir=asked.dir) as folder:
        marts = Path(folder) / "marts.duckdb"
        publications = _publications(marts.parent, asked.users, asked.tracks)
        publications.pop(0).rename(marts)
        key = api_keys.add(ServingSettings(data_dir=marts.parent).keys_file, "bench")
        paths = _paths(asked.users)
        with serving(marts.parent, asked.workers) as (ours, pid), constant(asked.workers) as other:
            mine = Load(ours, paths, {"x-api-key": key}, asked.seconds, asked.connections)
            bare = Load(other, ["/constant"], {}, asked.seconds, asked.connections)
            rounds = [(load.put(bare), load.put(mine)) for _ in range(asked.rounds)]
            peak = median(outcome.per_second for _, outcome in rounds)
            half = [
                (load.put(replace(bare, rate=peak / 2)), load.put(replace(mine, rate=peak / 2)))
                for _ in range(asked.rounds)
            ]
            others = serve_routes.measured(mine, asked.users, asked.tracks, asked.rounds)
            moved, seen = _while_publishing(mine, peak / 2, publications, marts)
            memory = _memory(pid)
    _show(rounds, half, moved)
    serve_routes.show(others)
    print(f"publications seen after {', '.join(f'{seconds:.2f} s' for seconds in seen)}")
    print("memory of its own (MB): " + ", ".join(f"{name} {mb:.0f}" for name, mb in memory))
    report("serve", *_promises(rounds, half, moved), serve_routes.promise(others))


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--users", type=int, default=20_000)
    asked.add_argument("--tracks", type=int, default=5_000)
    asked.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    asked.add_argument("--connections", type=int, default=32)
    asked.add_argument("--seconds", type=float, default=5)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--dir", help="where the files may be")
    return asked.parse_args()


def _publications(folder: Path, users: int, tracks: int) -> list[Path]:
    """Write the files that will be published: while it is loaded they are only renamed."""
    paths = [folder / f"{version}.duckdb" for version in (1, 2, 3)]
    for version, path in enumerate(paths, 1):
        Marts(version, version, users, tracks, per_user=50).write(path)
    return paths


def _paths(users: int) -> list[str]:
    draw = random.Random(1)
    known = [10 * draw.randint(1, users) for _ in range(4_900)]
    asked = known + [7 + 10 * number for number in range(100)]
    draw.shuffle(asked)
    return [f"/users/{user}/recommendations" for user in asked]


@contextmanager
def serving(data_dir: Path, workers: int) -> Iterator[tuple[int, int]]:
    """Run serving; give its port and process."""
    command = [sys.executable, "-m", "orchestration.cli.main", "serve", "--port=0"]
    free = {"MOOVITAMIX_SERVING_RATE": "1e6", "MOOVITAMIX_SERVING_BURST": "1000000"}
    environment = os.environ | free | {"MOOVITAMIX_DATA_DIR": str(data_dir)}
    with _server([*command, f"--workers={workers}"], environment, data_dir / "log") as found:
        yield found


@contextmanager
def constant(workers: int) -> Iterator[int]:
    """Run the constant; give its port."""
    command = [sys.executable, "-m", "bench.serving.constant", str(workers)]
    with _server(command, dict(os.environ), Path(os.devnull)) as (port, _):
        yield port


@contextmanager
def _server(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[tuple[int, int]]:
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout
    try:
        yield int(process.stdout.readline().rsplit(":", 1)[1]), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _while_publishing(
    mine: Load, rate: float, publications: list[Path], marts: Path
) -> tuple[Outcome, list[float]]:
    """Load it while new files take the place of the old; how soon each was prepared."""
    running = load.begin(replace(mine, rate=rate, seconds=2 * mine.seconds))
    pointer = marts.parent / "serving" / "current.json"
    seen = []
    for publication in publications:
        time.sleep(1)
        before = pointer.read_text()
        publication.rename(marts)
        published = time.perf_counter()
        while pointer.read_text() == before:
            time.sleep(0.01)
        seen.append(time.perf_counter() - published)
    return load.finish(running), seen


def _memory(server: int) -> list[tuple[str, float]]:
    """What each process holds for itself, without the maps that they share."""
    found = []
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for pid in children:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = Path(f"/proc/{pid}/status").read_text()
        anonymous = int(status.split("RssAnon:")[1].split()[0]) / 1024
        found.append((words[2].decode().rsplit(".", 1)[-1], anonymous))
    return found


def _promises(
    rounds: list[tuple[Outcome, Outcome]], half: list[tuple[Outcome, Outcome]], moved: Outcome
) -> list[Promise]:
    other, ours = (median(pair[side].per_second for pair in rounds) for side in (0, 1))
    return [
        Promise(
            "throughput against a constant's",
            f"{ours:,.0f}/s",
            f"{other:,.0f}/s",
            [mine.per_second / bare.per_second for bare, mine in rounds],
            RATIO,
            "at least",
        ),
        Promise(
            f"p99 at half of the peak against {P99_MS} ms",
            f"{median(mine.p99_ms for _, mine in half):.1f} ms",
            f"{P99_MS} ms",
            [mine.p99_ms / P99_MS for _, mine in half],
            1.0,
        ),
        Promise("errors while publications come", str(moved.bad), "none", [moved.bad], 0.0),
    ]


def _show(
    rounds: list[tuple[Outcome, Outcome]], half: list[tuple[Outcome, Outcome]], moved: Outcome
) -> None:
    named = {
        "constant, as fast as it can": [bare for bare, _ in rounds],
        "serving, as fast as it can": [ours for _, ours in rounds],
        "constant, at half of serving's": [bare for bare, _ in half],
        "serving, at half of its own": [ours for _, ours in half],
        "serving, the same, publications": [moved],
    }
    rows = [
        (
            name,
            f"{median(outcome.per_second for outcome in outcomes):,.0f}",
            *(
                f"{median(getattr(outcome, figure) for outcome in outcomes):.1f}"
                for figure in ("p50_ms", "p99_ms", "worst_ms")
            ),
            f"{sum(outcome.bad for outcome in outcomes)}",
        )
        for name, outcomes in named.items()
    ]
    table("Serving", ["load", "answers/s", "p50 ms", "p99 ms", "worst ms", "errors"], rows)


if __name__ == "__main__":
    main()
