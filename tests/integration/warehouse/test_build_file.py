"""A damaged build file, which is derived data, is reported, removed, and built from the lake."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.run.errors import BuildFileMisplaced
from orchestration.warehouse import build_file

Tear = Callable[[Path], object]


def _shortened(share: float, bytes_: int = 0) -> Tear:
    return lambda path: os.truncate(path, int(path.stat().st_size * share) - bytes_)


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))


def _spoilt(path: Path) -> None:
    """Change bytes of the header, of which DuckDB knows the checksum."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(1).randbytes(500))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    path = tmp_path / "build.duckdb"
    with duckdb.connect(path) as file:
        file.execute(
            "create table t as select range as n, md5(range::text) as x from range(100000)"
        )
    return path


def test_a_file_whose_free_blocks_were_cut_off_by_a_checkpoint_is_whole(tmp_path: Path) -> None:
    path, draw = tmp_path / "build.duckdb", random.Random(1)
    for _ in range(40):
        with duckdb.connect(path) as file:
            for _ in range(3):
                table, rows = f"t{draw.randrange(6)}", draw.choice([10, 50_000, 300_000])
                file.execute(
                    f"create or replace table {table} as select random() from range({rows})"
                )
            file.execute(f"drop table if exists t{draw.randrange(6)}")
        assert build_file.damage_of(path) is None


@pytest.mark.parametrize(
    "tear",
    [_shortened(0), _shortened(0.5), _shortened(1, 7), _garbage, _spoilt],
    ids=["empty", "half", "seven bytes short", "garbage", "a spoilt header"],
)
def test_a_damaged_file_is_removed_at_once_and_named(
    built: Path, tear: Tear, capsys: pytest.CaptureFixture[str]
) -> None:
    tear(built)
    build_file.wal_of(built).write_bytes(b"left")
    began = time.monotonic()
    build_file.require_usable(built)
    assert time.monotonic() - began < build_file.PATIENCE_SECONDS
    assert not built.exists()
    assert not build_file.wal_of(built).exists()
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{built} is damaged" in line
    assert "built again from the lake" in line


def test_a_block_that_is_not_as_written_is_found_when_all_is_read(built: Path) -> None:
    assert build_file.damage_of(built, in_depth=True) is None
    with built.open("r+b") as file:
        file.seek(12_288 + 262_144 + 1_000)
        file.write(random.Random(1).randbytes(2_000))
    assert build_file.discard_if_damaged(built)
    assert not built.exists()


def test_a_good_file_and_a_missing_one_stay_as_they_are(built: Path) -> None:
    before = built.read_bytes()
    build_file.require_usable(built)
    assert built.read_bytes() == before
    built.unlink()
    build_file.wal_of(built).touch()
    build_file.require_usable(built)
    assert list(built.parent.iterdir()) == []


def test_a_folder_of_that_name_is_left_to_a_person(tmp_path: Path) -> None:
    folder = tmp_path / "build.duckdb"
    folder.mkdir()
    with pytest.raises(BuildFileMisplaced, match="is a folder"):
        build_file.require_usable(folder)
    assert folder.is_dir()
