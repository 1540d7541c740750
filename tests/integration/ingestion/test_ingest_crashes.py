"""A crash at any instruction, then the same command: every record counts exactly once."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import IO

import pytest

from ingestion.errors import LakeUnreachable, LoadFailed, TypeChanged
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings
from lake.loads import validation_results
from tests.support.landing import COLUMNS, accepted, landed, ops, require_all_landed, settings_for
from tests.support.original_api import OriginalApi, catalogue, serving

DAY = datetime(2026, 2, 1)

# Imports once and forks for every ingest, so that a crash costs milliseconds instead of seconds.
NURSERY = """
import os, sys
from datetime import datetime
from ingestion.pull.ingest import ingest
from ingestion.settings import IngestionSettings

def order(api_url, data_dir, as_of):
    quick = dict(overlap="PT0S", backoff=0.001, read_timeout=10)
    settings = IngestionSettings(api_url=api_url, data_dir=data_dir, **quick)
    ingest(settings, as_of=datetime.fromisoformat(as_of), run_id=as_of)

order(*sys.argv[1:])
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        order(*line.split())
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    """Runs ingests as processes of their own, and kills them."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders = orders
        self._answers = answers

    def ingest(
        self, api: OriginalApi, data_dir: Path, as_of: datetime, kill_after: float | None = None
    ) -> bool:
        """Whether the ingest came to its end; `kill_after` seconds it is killed with SIGKILL."""
        self._orders.write(f"{api.url} {data_dir} {as_of.isoformat()}\n")
        self._orders.flush()
        child = int(self._answers.readline())
        if kill_after is not None:
            _kill_at(child, monotonic() + kill_after)
        return int(self._answers.readline()) == 0


def _kill_at(child: int, moment: float) -> None:
    while monotonic() < moment:  # the moment is the test: nothing to wait for
        pass
    os.kill(child, signal.SIGKILL)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with serving(OriginalApi(catalogue())) as warm_up:
        elsewhere = str(tmp_path_factory.mktemp("warm_up"))
        command = [sys.executable, "-c", NURSERY, warm_up.url, elsewhere, "2026-02-01"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin
        assert process.stdout
        with process:
            assert process.stdout.readline() == "ready\n"
            yield Nursery(process.stdin, process.stdout)
            process.stdin.close()


@pytest.mark.parametrize(
    ("kills", "loses_local_folders"),
    [
        (12, False),
        (6, True),
        pytest.param(150, False, marks=pytest.mark.slow),
        pytest.param(100, True, marks=pytest.mark.slow),
    ],
)
def test_kills_at_random_instants_leave_every_record_exactly_once(
    nursery: Nursery, tmp_path: Path, kills: int, loses_local_folders: bool
) -> None:
    draw = random.Random(kills)
    lake = str(tmp_path / "lake")
    killed = 0
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        began = monotonic()
        nursery.ingest(api, tmp_path, datetime(2026, 1, 1))
        usual = monotonic() - began
        step = timedelta(days=25) / kills  # the catalogue moves for three weeks
        for number in range(1, kills + 1):
            as_of = datetime(2026, 1, 1) + number * step
            came_to_its_end = nursery.ingest(
                api, tmp_path, as_of, kill_after=draw.uniform(0, 1.3 * usual)
            )
            killed += not came_to_its_end
            if loses_local_folders:
                shutil.rmtree(tmp_path / "dlt", ignore_errors=True)
            if draw.random() < 0.5:
                assert nursery.ingest(api, tmp_path, as_of)
        assert nursery.ingest(api, tmp_path, datetime(2026, 2, 1))
        require_all_landed(lake, api)
    assert killed
    pulls = [pull for pull in ops(lake, "pulls", "load_id, table_name") if pull[0]]
    assert pulls == sorted((load_id, table) for load_id in accepted(lake) for table in COLUMNS)


@pytest.fixture
def api() -> Iterator[OriginalApi]:
    with serving(OriginalApi(catalogue(), knows_windows=True)) as api:
        yield api


@pytest.fixture
def settings(api: OriginalApi, tmp_path: Path) -> IngestionSettings:
    return settings_for(tmp_path, api, overlap=timedelta(0))


def _blocked(settings: IngestionSettings, folder: str) -> Path:
    """A file where the lake wants a folder: what is written there fails, as on a full disk."""
    block = Path(settings.lake_url, folder)
    block.parent.mkdir(parents=True, exist_ok=True)
    block.write_text("in the way")
    return block


def test_a_load_finished_on_a_later_day_is_that_of_its_own_day(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    block = _blocked(settings, "raw")
    with pytest.raises(LoadFailed, match="dlt could not finish the load: "):
        ingest(settings, as_of=datetime(2026, 1, 10), run_id="r1")
    block.unlink()
    result = ingest(settings, as_of=DAY, run_id="r2")
    assert [(one.as_of, one.run_id, one.kind) for one in validation_results(settings.lake_url)] == [
        (datetime(2026, 1, 10), "r1", "initial"),
        (DAY, "r2", "incremental"),
    ]
    [first, second] = accepted(settings.lake_url)
    assert (result.finished, result.load_id) == ((first,), second)
    days = {path.parent.name for path in Path(settings.lake_url).glob(f"raw/*/*/{first}.*")}
    assert days == {"load_date=2026-01-10"}
    require_all_landed(settings.lake_url, api)
    assert ops(settings.lake_url, "pulls", "distinct run_id, load_id, outcome") == [
        ("r1", first, "whole"),
        ("r1", None, "failed"),
        ("r2", second, "whole"),
    ]


def test_a_committed_load_gets_the_verdict_that_a_crash_kept_from_it(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    block = _blocked(settings, "ops/load_verdicts")
    with pytest.raises(LakeUnreachable, match=r"Not a directory|File exists"):
        ingest(settings, as_of=datetime(2026, 1, 10), run_id="r1")
    block.unlink()
    result = ingest(settings, as_of=DAY, run_id="r2")
    assert [(one.as_of, one.run_id) for one in validation_results(settings.lake_url)] == [
        (datetime(2026, 1, 10), "r1"),
        (DAY, "r2"),
    ]
    assert len(result.finished) == 1
    require_all_landed(settings.lake_url, api)


def test_a_committed_load_nobody_remembers_never_counts(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    block = _blocked(settings, "ops/load_verdicts")
    with pytest.raises(LakeUnreachable):
        ingest(settings, as_of=datetime(2026, 1, 10), run_id="r1")
    block.unlink()
    shutil.rmtree(settings.dlt_dir)
    result = ingest(settings, as_of=DAY, run_id="r2")
    assert (result.kind, result.finished) == ("initial", ())
    assert accepted(settings.lake_url) == [result.load_id]
    require_all_landed(settings.lake_url, api)


def test_a_lake_that_is_gone_gets_all_again_not_what_was_pending_for_the_old_one(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    ingest(settings, as_of=datetime(2026, 1, 10), run_id="r1")
    shutil.rmtree(Path(settings.lake_url, "raw"))
    block = _blocked(settings, "raw")
    with pytest.raises(LoadFailed):
        ingest(settings, as_of=datetime(2026, 1, 15), run_id="r2")
    block.unlink()
    shutil.rmtree(settings.lake_url)
    result = ingest(settings, as_of=DAY, run_id="r3")
    assert (result.kind, result.finished) == ("initial", ())
    require_all_landed(settings.lake_url, api)


def test_a_failed_pull_leaves_nothing_for_the_next_load(
    api: OriginalApi, settings: IngestionSettings
) -> None:
    whole = api.records["listen_history"]
    unreadable = {"created_at": "yesterday", "updated_at": "2026-01-05T00:00:00"}
    api.records["listen_history"] = [*whole, *[unreadable] * 200]
    with pytest.raises(TypeChanged, match="created_at: was TIMESTAMP, is VARCHAR"):
        ingest(settings, as_of=datetime(2026, 1, 10), run_id="r1")
    api.records["listen_history"] = whole
    ingest(settings, as_of=DAY, run_id="r2")
    require_all_landed(settings.lake_url, api)
    assert landed(settings.lake_url, "tracks")
