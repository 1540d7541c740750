"""The stamp of a data folder: written by the first run, upgraded once, refused if it is newer."""

import json
from datetime import date
from pathlib import Path

import pytest

from lake import log
from lake.errors import FormatNewer, FormatUnknown
from lake.log import append
from lake.version import FORMAT, STAMP, project_version, stamp_format

DAY = date(2026, 1, 1)
ROW = {"run_id": "r", "load_id": "l", "place": "raw", "table_name": "users", "reason": "null key"}


def test_a_new_folder_is_stamped_without_a_word(tmp_path: Path) -> None:
    assert stamp_format(tmp_path, str(tmp_path / "lake")) is None
    assert json.loads((tmp_path / STAMP).read_bytes()) == {
        "format": FORMAT,
        "written_by": project_version(),
    }


@pytest.mark.parametrize("moved", [0, 1], ids=["at once", "after a kill on the way"])
def test_an_older_folder_is_upgraded_with_every_row(tmp_path: Path, moved: int) -> None:
    lake = str(tmp_path / "lake")
    (tmp_path / "marts.duckdb").touch()
    for records in (1, 2):
        append(lake, "quarantined_records", [ROW | {"records": records}], DAY, f"run-{records}")
    new = tmp_path / "lake" / "ops" / "quarantined_records" / "day=2026-01-01"
    old = tmp_path / "lake" / "ops" / "set_aside" / "day=2026-01-01"
    old.mkdir(parents=True)
    for path in sorted(new.iterdir())[moved:]:
        path.rename(old / path.name)
    report = stamp_format(tmp_path, lake)
    assert report == f"{tmp_path} is upgraded from format 1 to {FORMAT}"
    assert log.tables(lake) == ["quarantined_records"]
    rows = log.read(lake, "quarantined_records")
    assert sorted(row["records"] for row in rows) == [1, 2]
    assert stamp_format(tmp_path, lake) is None


def test_a_newer_folder_is_refused_in_one_line_and_left_as_it_is(tmp_path: Path) -> None:
    stamp = json.dumps({"format": FORMAT + 1, "written_by": "9.8.7"})
    (tmp_path / STAMP).write_text(stamp)
    with pytest.raises(FormatNewer, match=r"written by version 9\.8\.7") as refused:
        stamp_format(tmp_path, str(tmp_path / "lake"))
    assert "\n" not in str(refused.value)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(STAMP, stamp)]


@pytest.mark.parametrize("torn", ["", "[]", '{"format": 2', '{"format": "two"}'])
def test_a_torn_stamp_is_named(tmp_path: Path, torn: str) -> None:
    (tmp_path / STAMP).write_text(torn)
    with pytest.raises(FormatUnknown, match="can't be read"):
        stamp_format(tmp_path, str(tmp_path / "lake"))
