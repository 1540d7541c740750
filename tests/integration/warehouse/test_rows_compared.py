"""Two states of a table, compared row by row as plain Python would."""

from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.run.settings import Settings
from orchestration.warehouse.comparing import rows_compared
from orchestration.warehouse.comparing.compare import compare
from orchestration.warehouse.comparing.difference import Difference
from orchestration.warehouse.comparing.difference_page import to_html, to_markdown
from orchestration.warehouse.comparing.errors import NotComparable

VALUES = st.tuples(st.sampled_from(["a", "b", None]), st.one_of(st.none(), st.integers(0, 2)))
TRACKS = st.dictionaries(st.integers(1, 12), VALUES, max_size=12)
OTHERS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", None])), max_size=8)


def write(
    path: Path, *statements: str, rows: dict[str, list[tuple[Any, ...]]] | None = None
) -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as db:
        for statement in statements:
            db.execute(statement)
        for table, its in (rows or {}).items():
            for row in its:
                db.execute(f"insert into {table} values ({', '.join('?' * len(row))})", row)
    return path


def difference(folder: Path, base: Path, target: Path, **options: Any) -> Difference:
    return compare(Settings(data_dir=folder), str(base), str(target), **options)


@settings(max_examples=60, deadline=None)
@given(before=TRACKS, after=TRACKS, at_once=st.sampled_from([2, 1000]))
def test_keyed_rows_are_added_removed_and_changed_as_in_python(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[int, tuple[Any, ...]],
    after: dict[int, tuple[Any, ...]],
    at_once: int,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    ddl = "create table dim_tracks (track_id int, name varchar, album int)"
    files = [
        write(
            folder / name, ddl, rows={"dim_tracks": [(key, *value) for key, value in its.items()]}
        )
        for name, its in (("a.duckdb", before), ("b.duckdb", after))
    ]
    with patch.object(rows_compared, "ROWS_AT_ONCE", at_once):
        (table,) = difference(folder, *files).tables
    both = before.keys() & after.keys()
    changed = {key for key in both if before[key] != after[key]}
    assert table.key == ["track_id"]
    assert table.rows == {
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "changed": len(changed),
    }
    columns = {
        name: sum(before[key][at] != after[key][at] for key in changed)
        for at, name in enumerate(["name", "album"])
    }
    assert table.columns_changed == {name: rows for name, rows in columns.items() if rows}
    shown = [one for one in table.examples if one.kind == "changed"]
    assert len(shown) == min(5, len(changed))
    for one in shown:
        key = int(one.key["track_id"])
        for at, name in enumerate(["name", "album"]):
            pair = tuple(
                "null" if its[key][at] is None else str(its[key][at]) for its in (before, after)
            )
            assert one.columns.get(name, pair) == pair


@settings(max_examples=40, deadline=None)
@given(before=OTHERS, after=OTHERS)
def test_rows_without_a_known_key_are_compared_as_a_whole(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[Any, ...]],
    after: list[tuple[Any, ...]],
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    ddl = "create table made_up (one int, two varchar)"
    files = [
        write(folder / name, ddl, rows={"made_up": its})
        for name, its in (("a.duckdb", before), ("b.duckdb", after))
    ]
    (table,) = difference(folder, *files).tables
    assert table.rows == {
        "added": (Counter(after) - Counter(before)).total(),
        "removed": (Counter(before) - Counter(after)).total(),
        "changed": 0,
    }


def test_a_key_that_is_no_longer_unique_is_a_change(tmp_path: Path) -> None:
    ddl = "create table dim_users (user_id int, gender varchar)"
    base = write(tmp_path / "a.duckdb", ddl, rows={"dim_users": [(1, "x"), (2, "x")]})
    target = write(tmp_path / "b.duckdb", ddl, rows={"dim_users": [(1, "x"), (1, "x"), (2, "x")]})
    (table,) = difference(tmp_path, base, target).tables
    assert table.rows == {"added": 0, "removed": 0, "changed": 1}


def test_personal_data_is_masked_wherever_it_is_shown(tmp_path: Path) -> None:
    ddl = "create table dim_users (user_id int, email varchar, favorite_genres varchar)"
    base = write(tmp_path / "a.duckdb", ddl, rows={"dim_users": [(1, "ada@example.org", "Pop")]})
    target = write(
        tmp_path / "b.duckdb", ddl, rows={"dim_users": [(1, "ada@example.com", "<Rock>")]}
    )
    found = difference(tmp_path, base, target)
    assert found.tables[0].examples[0].columns == {
        "email": ("•••", "•••"),
        "favorite_genres": ("Pop", "<Rock>"),
    }
    for page in (to_html(found), to_markdown(found)):
        assert "ada@" not in page
        assert "&lt;Rock" in page
        assert "http" not in page


def test_tables_that_came_and_went_and_ignored_columns(tmp_path: Path) -> None:
    base = write(
        tmp_path / "a.duckdb", "create table old as select 1 as one",
        "create table dim_tracks as select 1 as track_id, 'x' as load_id",
        "create schema staging", "create table staging.inner_table as select 1 as one",
    )  # fmt: skip
    target = write(
        tmp_path / "b.duckdb", "create table new as from range(3)",
        "create table dim_tracks as select 1 as track_id, 'y' as load_id",
    )  # fmt: skip
    found = difference(tmp_path, base, target, ignored=["load_id"])
    assert (found.tables_added, found.tables_removed) == ({"new": 3}, {"old": 1})
    assert found.differing == []
    assert (
        difference(tmp_path, base, target, tables=["dim_tracks"]).differing[0].rows["changed"] == 1
    )


def test_a_state_that_is_not_there_or_in_use_is_one_line(tmp_path: Path) -> None:
    base = write(tmp_path / "a.duckdb", "create table dim_tracks (track_id int)")
    for target, why in (("build", "nothing is built yet"), ("published", "nothing is published"),
                        (str(tmp_path / "b.duckdb"), "no such file"), (str(tmp_path), "no marts"),
                        (str(base), "the same file")):  # fmt: skip
        with pytest.raises(NotComparable, match=why):
            compare(Settings(data_dir=tmp_path / "data"), str(base), target)
    (tmp_path / "b.duckdb").write_text("this is no database")
    with pytest.raises(NotComparable, match="not a valid DuckDB"):
        difference(tmp_path, base, tmp_path / "b.duckdb")
