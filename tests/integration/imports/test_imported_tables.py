"""Tables of listens with any names of columns."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ml.errors import MlError
from tests.support.exports import imported, write_text

COLUMNS = {"user": "who", "track": "song", "at": "when", "plays": "n"}


def test_columns_are_named_and_plays_are_listens(tmp_path: Path) -> None:
    text = "who,song,singer,when,n\n1,A,X,2020-01-01,2\n2,B,X,2020-01-02,1\n"
    path = write_text(tmp_path / "t.csv", text)
    world = imported(tmp_path / "w", "csv", path, columns=COLUMNS | {"artist": "singer"})
    assert world.rows("select user_id, items, created_at from listen_history order by 1") == [
        (1, [1, 1], datetime(2020, 1, 1)),
        (2, [2], datetime(2020, 1, 2)),
    ]
    assert world.rows("select first_name from users order by id") == [("1",), ("2",)]


def test_usual_names_are_found_and_a_file_without_users_is_one_persons(tmp_path: Path) -> None:
    query = "select 7.0::double as track_id, timestamp '2020-01-01 10:00' as played_at"
    duckdb.sql(query).write_parquet(str(tmp_path / "eve.parquet"))
    world = imported(tmp_path / "w", "csv", tmp_path / "eve.parquet")
    assert world.listens() == [("eve", None, "7", datetime(2020, 1, 1, 10))]


def test_equal_rows_of_a_table_add_up_and_an_import_again_adds_nothing(tmp_path: Path) -> None:
    path = write_text(
        tmp_path / "eve.csv", "track,date\nA,2020-01-01\nA,2020-01-01\nB,2020-01-01\n"
    )
    for _ in range(2):
        world = imported(tmp_path / "w", "csv", path)
    assert world.rows("select items from listen_history") == [([1, 1, 2],)]


def test_one_artists_title_is_not_anothers(tmp_path: Path) -> None:
    path = write_text(
        tmp_path / "eve.csv", "artist,track,date\nX,Intro,2020-01-01\nY,Intro,2020-01-01\n"
    )
    world = imported(tmp_path / "w", "csv", path)
    assert world.rows("select artist, name from tracks order by id") == [
        ("X", "Intro"),
        ("Y", "Intro"),
    ]


@pytest.mark.parametrize(
    ("text", "columns", "why"),
    [
        ("song,when\nA,2020-01-01\n", {"track": "title", "at": "when"}, "has no column title"),
        ("song,day\nA,2020-01-01\n", {}, "has no column at"),
        ("song,date,n\nA,2020-01-01,many\n", {"plays": "n"}, "line 2, column n: 'many'"),
        ("song,date\nA,2020-01-01\nB,soon\n", {}, "line 3, column date: 'soon'"),
        ("song,date\nA,03/02/2019\n", {}, "--date-order says which"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line_with_file_and_line(
    tmp_path: Path, text: str, columns: dict[str, str], why: str
) -> None:
    path = write_text(tmp_path / "eve.csv", text)
    with pytest.raises(MlError) as raised:
        imported(tmp_path / "w", "csv", path, columns=columns)
    assert str(path) in str(raised.value)
    assert why in str(raised.value)
