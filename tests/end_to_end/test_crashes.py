"""`kill -9` at any moment of a run, then the same command: the marts of an undisturbed run."""

import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.run.lock import holder_of
from tests.support.checksums import LAKE_BOUND, checksums
from tests.support.emptied import emptied
from tests.support.installation import DAY_1, DAY_2, Installation

SEEDS = [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 34))]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What two days leave when nothing happens to them, and how long the second takes."""

    first: dict[str, tuple[int, int]]
    second: dict[str, tuple[int, int]]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(day_run: tuple[Installation, str], data_home: Path) -> Undisturbed:
    installation = day_run[0].copy(emptied(data_home))
    began = time.monotonic()
    installation.runs_day(DAY_2)
    seconds = time.monotonic() - began
    first, second = (
        checksums(day.marts, leave_out=LAKE_BOUND) for day in (day_run[0], installation)
    )
    assert first != second, "the second day brought nothing"
    return Undisturbed(first, second, seconds)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_killed_run_run_again_gives_what_an_undisturbed_one_gives(
    day_run: tuple[Installation, str], undisturbed: Undisturbed, data_dir: Path, seed: int
) -> None:
    chance = random.Random(seed)
    if chance.random() < 0.5:
        installation, clock, expected = Installation(data_dir), DAY_1, undisturbed.first
    else:
        installation, clock, expected = day_run[0].copy(data_dir), DAY_2, undisturbed.second
    moment = chance.uniform(0, 1.05 * undisturbed.seconds)
    print(f"seed {seed}: `run` of {clock} killed after {moment:.2f} s")
    run = installation.start("run", "--as-of", clock.isoformat())
    try:
        run.wait(moment)
    except subprocess.TimeoutExpired:
        run.kill()
    run.communicate()
    assert holder_of(installation.data_dir) is None
    events = [row["event"] for row in installation.ops("runs") if row["as_of"] == clock]
    assert ("crashed" in installation.does("status")) == (events == ["started"])
    installation.does("run", "--as-of", clock.isoformat())
    assert checksums(installation.marts, leave_out=LAKE_BOUND) == expected
    assert list(installation.data_dir.glob("*.tmp*")) == []
