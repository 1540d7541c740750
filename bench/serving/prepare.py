"""The cost of a snapshot for a million users, and the memory of a worker.

The published file has 50 tracks for each user and five playlists of 30 tracks, on two days. Each
step is a separate process; of a worker the memory is measured after it has answered 100,000 users
drawn evenly, and shown 20,000 a playlist.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench.measure import module, process, table
from tests.support.served_marts import Marts

MB = 1024


def main() -> None:
    """Write the file, prepare it, answer from it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--users", type=int, default=1_000_000)
    asked.add_argument("--tracks", type=int, default=200_000)
    asked.add_argument("--dir", help="where 2 GB may be")
    asked.add_argument("--step", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.step:
        _STEPS[given.step](Path(given.dir), given.users)
        return
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        marts = Marts(users=given.users, tracks=given.tracks, per_user=50, order="")
        marts.write(Path(folder) / "marts")
        rows = []
        for step in _STEPS:
            arguments = ("--step", step, "--dir", folder, "--users", given.users)
            cost = process(module("bench.serving.prepare", *arguments))
            rows.append((step, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{cost.peak_mb:,.0f}"))
        sizes = {path.name: path.stat().st_size for path in (Path(folder) / "answers").iterdir()}
    arrays = sum(sizes.values())
    of_playlists = sum(size for name, size in sizes.items() if name.startswith("playlist"))
    table(f"{given.users:,} users", ["step", "wall s", "CPU s", "peak MB"], rows)
    print(f"on disk: {arrays / MB / MB:,.0f} MB, of it playlists {of_playlists / MB / MB:,.0f} MB")


def _prepare(folder: Path, _: int) -> None:
    from api.serving.snapshot.prepare import prepare

    prepare(folder / "marts", folder / "answers", "1GB", needs_predictions=False)


def _answer(folder: Path, users: int) -> None:
    from api.serving.snapshot.lookup import Snapshot

    began = time.perf_counter()
    answers = Snapshot(folder / "answers", timedelta(days=1))
    opened = time.perf_counter()
    draw = random.Random(1)
    for _ in range(100_000):
        assert answers.of_user(10 * draw.randint(1, users), 10).known
    spent = time.perf_counter() - opened
    for _ in range(20_000):
        (first, *_others) = answers.playlists.of_user(10 * draw.randint(1, users))
        assert len(list(answers.playlists.tracks(first))) == 30
    own = Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"opened in {(opened - began) * 1000:.1f} ms, {spent * 10:.1f} µs an answer, own memory "
        f"{int(own) / MB:.0f} MB, with pages shared {peak / MB:.0f} MB",
        file=sys.stderr,
    )


_STEPS = {"prepare": _prepare, "answer": _answer}

if __name__ == "__main__":
    main()
