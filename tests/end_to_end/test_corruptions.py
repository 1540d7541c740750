"""Nothing wrong is ever published.

Whatever is wrong with data, lake or models: the check meant for it stops the run, readers keep the
last good file, and the next good run publishes.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.run.console import Console
from orchestration.run.error_messages import message_of
from orchestration.run.lock import hold
from orchestration.run.runs import recorded
from orchestration.run.settings import ROOT, Settings
from orchestration.steps import ingesting, marts
from tests.support.checksums import checksums
from tests.support.corruptions import CORRUPTIONS, IN_EVERY_RUN, TODAY
from tests.support.emptied import emptied, refilled
from tests.support.living_app import clock, records_after
from tests.support.original_api import OriginalApi, serving

ARTIFACTS = shutil.ignore_patterns("target", "logs")


@contextmanager
def app(day: int) -> Iterator[OriginalApi]:
    """The app on the evening of a day, answering the windows that it is asked for."""
    with serving(OriginalApi(records_after(day + 1), knows_windows=True)) as api:
        yield api


def live(
    data_dir: Path, api: OriginalApi, at: datetime, spoil: Callable[[Path], None] | None = None
) -> str:
    """Live a day up to its publication; what stopped it in one line, or nothing."""
    settings = Settings(data_dir=data_dir, api_url=api.url, as_of=at)
    try:
        with (
            hold(data_dir, "run") as lock,
            recorded(settings, lock, Console(shows_steps=False), "run") as run,
        ):
            ingesting.ingest(run)
            if spoil:
                spoil(data_dir)
            marts.make_marts(run)
    except Exception as error:  # as the command line does
        return message_of(error)
    return ""


@pytest.fixture(scope="module")
def good_days(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after good days: all pulled, the newest but today built and published."""
    emptied(data_home)
    kept = tmp_path_factory.mktemp("good_days") / "data"
    for day in range(TODAY):
        with app(day) as api:
            if day < TODAY - 1:
                _pull(data_home, api, clock(day))
            else:
                assert live(data_home, api, clock(day)) == ""
    shutil.copytree(data_home, kept)
    return kept


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project and its profile, to be changed."""
    shutil.copytree(ROOT / "dbt_project", tmp_path / "dbt_project", ignore=ARTIFACTS)
    shutil.copy(ROOT / "profiles.yml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in IN_EVERY_RUN else pytest.mark.slow)
        for name in CORRUPTIONS
    ],
)
def test_nothing_wrong_is_ever_published(  # noqa: PLR0917 - fixtures
    name: str,
    good_days: Path,
    data_home: Path,
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = CORRUPTIONS[name]
    emptied(data_home)
    refilled(data_home, good_days)
    before, version = checksums(data_home / "marts.duckdb"), _version(data_home)
    at = clock(TODAY) + wrong.late
    with app(TODAY) as api:
        wrong.records(api.records)
        api.misbehaviour = wrong.api or api.misbehaviour
        if wrong.model:
            _break(project, *wrong.model)
            monkeypatch.setattr("orchestration.warehouse.dbt_commands.project.ROOT", project)
        complaint = live(data_home, api, at, wrong.data_dir and _kept(wrong.data_dir, tmp_path))
    if wrong.stopped_by:
        assert any(words in complaint for words in wrong.stopped_by.split("|")), complaint
        assert "\n" not in complaint
        assert checksums(data_home / "marts.duckdb") == before
    else:
        assert complaint == ""
        _require_nothing_impossible(data_home)

    monkeypatch.undo()
    _mend(data_home, tmp_path / "sound")
    next_day = TODAY + 1 + wrong.late.days
    with app(next_day) as api:
        assert live(data_home, api, clock(next_day)) == ""
    assert _version(data_home) == version + (1 if wrong.stopped_by else 2)
    _require_nothing_impossible(data_home)


def _pull(data_dir: Path, api: OriginalApi, at: datetime) -> None:
    from ingestion.pull.ingest import ingest
    from ingestion.settings import IngestionSettings

    ingest(IngestionSettings(data_dir=data_dir, api_url=api.url), as_of=at, run_id="r")


def _break(project: Path, path: str, right: str, wrong: str) -> None:
    file = project / "dbt_project" / path
    assert right in file.read_text(), "the model no longer has what was to be broken"
    file.write_text(file.read_text().replace(right, wrong, 1))


def _kept(spoil: Callable[[Path], None], kept: Path) -> Callable[[Path], None]:
    """Spoil a data folder after its lake was put aside."""

    def change(data_dir: Path) -> None:
        shutil.copytree(data_dir / "lake", kept / "sound")
        spoil(data_dir)

    return change


def _mend(data_dir: Path, sound: Path) -> None:
    """Put back the lake as it was; the runs since then are forgotten."""
    if sound.exists():
        shutil.rmtree(data_dir / "lake")
        shutil.copytree(sound, data_dir / "lake")


def _require_nothing_impossible(data_dir: Path) -> None:
    tests = """
        select count(*) from fact_listen_history
        where user_id is null or track_id is null or listened_at > etl_updated_at
        union all
        select count(*) from dim_tracks where track_id is null
        union all
        select count(*) from dim_users where user_id is null
    """
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        assert marts.sql(tests).fetchall() == [(0,), (0,), (0,)]


def _version(data_dir: Path) -> int:
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        return int(marts.sql("select version from publication").fetchall()[0][0])
