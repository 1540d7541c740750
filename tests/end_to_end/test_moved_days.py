"""A folder of any name runs its days, also after it was moved, copied or restored."""

from pathlib import Path

import pytest

from tests.support.checksums import LAKE_BOUND, checksums
from tests.support.installation import DAY_1, DAY_2, Installation

ODD = 'user_id=5/load_date=2020-01-01/raw/compacted.x/it\'s "{{ 1 }}" $HOME;`id`&{a,b} é🎵/-x '


def _tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size and the instant it was changed."""
    found = {str(path.relative_to(folder)): path.lstat() for path in folder.rglob("*")}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


@pytest.mark.slow  # its parts: test_odd_folders.py, test_moved_folder.py
@pytest.mark.timeout(3000)
def test_days_under_an_odd_name_and_after_a_move_are_those_of_a_plain_one(
    day_run: tuple[Installation, str], tmp_path: Path
) -> None:
    plain, odd = day_run[0].copy(tmp_path / "plain"), Installation(tmp_path / ODD)
    odd.runs_day(DAY_1)
    assert checksums(odd.marts, leave_out=LAKE_BOUND) == checksums(
        plain.marts, leave_out=LAKE_BOUND
    )
    moved = Installation(tmp_path / "moved")
    odd.data_dir.rename(moved.data_dir)
    copied = _tree(plain.data_dir)
    moved.runs_day(DAY_2)
    assert not odd.data_dir.exists()
    assert _tree(plain.data_dir) == copied
    plain.runs_day(DAY_2)
    expected = checksums(plain.marts, leave_out=LAKE_BOUND)
    assert checksums(moved.marts, leave_out=LAKE_BOUND) == expected
    moved.does("compact")
    backups = tmp_path / "backups user_id=9 [x]*"
    moved.does("backup", str(backups))
    moved.data_dir.rename(tmp_path / "gone")
    elsewhere = Installation(tmp_path / "load_date=x" / "id=3")
    elsewhere.does("restore", str(backups))
    elsewhere.does("build", "--full-refresh")
    elsewhere.does("publish")
    assert checksums(elsewhere.marts, leave_out=LAKE_BOUND) == expected
