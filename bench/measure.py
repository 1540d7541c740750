"""Whole processes measured side by side: each round runs every contender once, medians count."""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took from start to end: seconds of wall and CPU, peak memory in MB."""

    wall: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Rounds:
    """What each contender took in each round."""

    costs: dict[str, list[Cost]]

    @property
    def medians(self) -> dict[str, Cost]:
        """Of each contender the median wall time, CPU time and memory."""
        return {name: _median(these) for name, these in self.costs.items()}

    def ratios(self, ours: str, peer: str) -> list[float]:
        """Wall time of ours over the peer's, round by round: what slowed both falls out."""
        walls = ([cost.wall for cost in self.costs[name]] for name in (ours, peer))
        return ratios(*walls)


def ratios(ours: Sequence[float], peers: Sequence[float]) -> list[float]:
    """Ours over the peer's, round by round."""
    return [mine / other for mine, other in zip(ours, peers, strict=True)]


def process(command: Sequence[str]) -> Cost:
    """Run a command to its end. CPU counts its children too; memory is its own alone.

    Raises `RuntimeError` where it fails: a broken contender has no figures.
    """
    began = perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    wall = perf_counter() - began
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {running.returncode}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def dbt_build(*words: str) -> list[str]:
    """The command that builds and tests the dbt project of `MOOVITAMIX_DATA_DIR`."""
    paths = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT)]
    dbt = str(Path(sys.executable).with_name("dbt"))
    return [dbt, "--quiet", "build", "--exclude-resource-type", "unit_test", *words, *paths]


def module(name: str, *arguments: object) -> list[str]:
    """The command that runs a module of ours with this interpreter."""
    return [sys.executable, "-m", name, *map(str, arguments)]


@contextmanager
def serving(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server that ends with its input until the block ends; give it and its first line."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait()


def sizes(description: str | None, millions: Sequence[int], room: str) -> argparse.Namespace:
    """Read how many millions of listens, in how many rounds, and where there is `room` for them."""
    asked = argparse.ArgumentParser(description=description)
    asked.add_argument("--millions", type=int, nargs="+", default=list(millions))
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--dir", help=f"where the lakes may grow ({room})")
    return asked.parse_args()


def pairwise(
    contenders: dict[str, Callable[[], Cost]], rounds: int, report: Callable[[str], None] = print
) -> Rounds:
    """Measure contenders that take turns on the same machine."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, run in contenders.items():
            cost = run()
            costs[name].append(cost)
            report(f"round {number}/{rounds}: {name} {cost.wall:.1f} s, {cost.cpu:.1f} s CPU")
    return Rounds(costs)


def table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    """Print figures as a table: names to the left, numbers to the right."""
    shown = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        shown.add_column(column, justify="right" if position else "left")
    for row in rows:
        shown.add_row(*row)
    Console(width=110).print(shown)


def peak_of_this_process() -> float:
    """The most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
        peak_mb=median(cost.peak_mb for cost in costs),
    )
