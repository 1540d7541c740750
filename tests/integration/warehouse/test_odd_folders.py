"""A data folder works under any name, or is refused in one line before anything is there."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from pydantic import ValidationError

from api.serving.settings import ServingSettings
from api.source.settings import SourceSettings
from ingestion.compact import compact_lake
from ingestion.settings import IngestionSettings
from lake import batches, loads, log
from lake.loads import volumes
from ml.scoring.batch import RECOMMENDATIONS
from ml.settings import MlSettings
from orchestration.run.error_messages import message_of
from orchestration.run.settings import Settings
from orchestration.warehouse.engines.object_storage import open_build, reach
from tests.support.lake import Lake, Load, session
from tests.support.loads import FIRST, SECOND
from tests.support.odd_names import names
from tests.support.warehouse import ROOT, Warehouse

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

KINDS: list[type[BaseSettings]] = [
    Settings,
    IngestionSettings,
    MlSettings,
    ServingSettings,
    SourceSettings,
]
COLUMNS_ABOVE = "user_id=5/track_id=6/id=7/load_date=2020-01-01/day=2020-01-01/model_version=9"
ODD_LETTERS = 'raw/x/compacted.y/it\'s "{{ 1 }}" $HOME;`id`&{a,b}<c>|!~ 日本🎵'
CUT_OFF = datetime(2026, 1, 9)
THIRD = Load(
    "3.1", datetime(2026, 1, 11), listen_history=[session(3, "2026-01-10", [7], "2026-01-10")]
)
VIEWS = (
    "select id, load_date from raw.tracks",
    "select user_id, load_date from raw.listen_history order by all",
    "select load_id, day from ops.load_verdicts order by all",
    "select load_id, table_name, reason, records, load_date from ops.removed_records",
    "select user_id, model_version, run_id from ml.recommendations",
)


def _settings(folder: Path) -> Settings | str:
    """The settings of a run in a folder, or the line that refuses it; all kinds agree."""
    refusals = []
    for kind in KINDS:
        try:
            kind(data_dir=folder)
        except ValidationError as error:
            refusals.append(message_of(error))
    assert len(refusals) in {0, len(KINDS)}
    return refusals[0] if refusals else Settings(data_dir=folder)


@given(names)
@example("user_id=5")
@example("a::b")
@example("\n")
@settings(max_examples=80, deadline=None)
def test_what_is_written_under_a_name_is_read_or_the_name_is_refused(name: str) -> None:
    with TemporaryDirectory() as base:
        folder = Path(base) / name / "raw" / "compacted.x"
        found = _settings(folder)
        if isinstance(found, str):
            assert "choose a folder without" in found
            assert found.isprintable()
            assert not any(Path(base).iterdir())
            return
        assert found.data_dir == folder
        assert not any(Path(base).iterdir())
        _round_trips(found)


def _round_trips(found: Settings) -> None:
    lake = Lake(found.data_dir)
    lake.add(FIRST)
    assert loads.cursor(found.lake_url, FIRST.as_of) == FIRST.as_of
    assert [one.load_id for one in loads.validation_results(found.lake_url)] == [FIRST.load_id]
    assert {path for *_, path in loads.files_of_loads(found.lake_url)} == {
        f"raw/{table}/load_date=2026-01-10/1.1.0a1b2c.parquet"
        for table in ("tracks", "listen_history")
    }
    assert {row["table_name"] for row in volumes(found.lake_url)} == {
        *("tracks", "listen_history", "ops")
    }
    assert len(log.read(found.lake_url, "load_verdicts")) == 1
    _writes_batch(found)
    newest = batches.newest_batch(found.lake_url, "recommendations", 3)
    assert newest is not None
    assert newest.first("data_as_of") == CUT_OFF
    row = {"model_version": 3, "decision": "promoted", "decided_at": CUT_OFF}
    batches.append(found.lake_url, "promotions", [row], date(2026, 1, 9))
    assert batches.read(found.lake_url, "promotions")[0]["model_version"] == 3
    with duckdb.connect() as db:
        reach(db, found.lake_url)
        where = "dir:/" if "=" in found.lake_url else found.lake_url
        pattern = f"{where}/raw/tracks/*/*.parquet"
        rows = "select id, load_date from read_parquet(?, hive_partitioning = true)"
        assert db.execute(rows, [pattern]).fetchall() == [(7, date(2026, 1, 10))]


def _writes_batch(found: Settings) -> None:
    folder, rows = "model_version=3/run_id=20260109-a", [{"user_id": 1, "data_as_of": CUT_OFF}]
    batch = pa.Table.from_pylist(rows, RECOMMENDATIONS)
    batches.write_batch(found.lake_url, "recommendations", folder, batch.schema, iter([batch]))


def _built(data_dir: Path) -> dict[str, Any]:
    """All that a build makes of two loads, one compacted, and a batch of a model."""
    found = Settings(data_dir=data_dir)
    lake = Lake(data_dir)
    lake.add(FIRST, SECOND)
    compact_lake(IngestionSettings(data_dir=data_dir))
    lake.add(THIRD)
    _writes_batch(found)
    warehouse = Warehouse(data_dir)
    warehouse.build()
    with open_build(found) as built:
        return warehouse.marts() | {view: built.sql(view).fetchall() for view in VIEWS}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is built where the folder's name is a plain one."""
    return _built(tmp_path_factory.mktemp("plain") / "data")


@pytest.mark.parametrize("name", [f"{COLUMNS_ABOVE}/data", f"{ODD_LETTERS}/ data "])
def test_a_build_is_the_same_under_any_name(
    plain: dict[str, Any], tmp_path: Path, name: str
) -> None:
    assert len(plain["select user_id, load_date from raw.listen_history order by all"]) == 3
    assert _built(tmp_path / name) == plain


@pytest.mark.parametrize("name", ["a*b", "a%b", "a::b", "a\nb", "a\\b", "~nobody-has-this-name/x"])
def test_a_command_refuses_a_name_in_one_line_and_writes_nothing(tmp_path: Path, name: str) -> None:
    for variable in ("MOOVITAMIX_DATA_DIR", "MOOVITAMIX_LAKE_URL"):
        given = {"MOOVITAMIX_DATA_DIR": str(tmp_path / "data"), variable: name}
        run = subprocess.run(
            [sys.executable, "-m", "orchestration.cli.main", "run"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 1
        assert len(run.stderr.splitlines()) == 1, run.stderr
        assert f"a setting can't be used: {variable} is " in run.stderr
        assert not any(tmp_path.iterdir())


def test_a_lake_behind_a_link_is_the_lake_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lake").symlink_to(tmp_path / "disk", target_is_directory=True)
    assert Settings(data_dir=tmp_path / "data").lake_url == str(tmp_path / "disk")
