"""A file's name and its folders' names are names: they add no column and choose no other file."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings

from api.source.given import GivenWorld
from lake.paths import pattern_of
from ml.data.reading import read_listens
from ml.errors import UnreadableTable
from ml.evaluation.oracle import read_oracle
from tests.support.odd_names import names

LISTENS = "user_id,track_id\n1,10\n2,20\n"
NOW = datetime(2026, 1, 2)


@given(folder=names, file=names, is_parquet=...)
@settings(max_examples=60, deadline=None)
def test_listens_are_those_of_the_file(folder: str, file: str, is_parquet: bool) -> None:
    with TemporaryDirectory() as base:
        place = Path(base) / folder
        (place / "b").mkdir(parents=True)
        for other in ("a.l", "b/a.l", "b.l"):  # what a wildcard would find as well
            (place / other).write_text("user_id,track_id\n8,80\n")
        path, tracks, oracle = (place / f"{file}{end}" for end in (".l", ".tracks", ".oracle"))
        if is_parquet:
            table = pa.table({"user_id": [1, 2], "track_id": [10, 20]})
            pq.write_table(table, str(path))
        else:
            path.write_text(LISTENS)
        tracks.write_text("track_id,artist\n10,x\n20,x\n")
        oracle.write_text("user_id,track_id,score\n1,10,0.5\n")
        try:
            read = read_listens(path, tracks)
        except UnreadableTable:
            assert "\\" in str(path)
            return
        assert [*map(int, read.users)] == [1, 2]
        assert [*map(int, read.tracks)] == [10, 20]
        assert read.track_features is not None
        assert read.track_features.matrix.toarray().tolist() == [[1], [1]]
        assert read_oracle(oracle, read).given[0].tolist() == [0.5, -1]


@given(folder=names)
@settings(max_examples=25, deadline=None)
def test_a_world_is_served_as_its_files_say(folder: str) -> None:
    with TemporaryDirectory() as base:
        world = Path(base) / "user_id=5" / folder / "id=6"
        if "\\" in str(world):
            return
        world.mkdir(parents=True)
        instants = {"created_at": [NOW], "updated_at": [NOW]}
        words = ("name", "artist", "songwriters", "duration", "genres", "album")
        people = ("first_name", "last_name", "email", "gender", "favorite_genres")
        tables = {
            "tracks": {"id": [1]} | {word: ["t"] for word in words} | instants,
            "users": {"id": [2]} | {word: ["u"] for word in people} | instants,
            "listen_history": {"user_id": [2], "items": [[1]]} | instants,
        }
        for table, columns in tables.items():
            pq.write_table(pa.table(columns), str(world / f"{table}.parquet"))
        views = GivenWorld(world, Path(base) / "source").at(NOW)
        assert views["users"].read(0, 1).startswith(b'{"id":2,')
        assert views["listen_history"].read(0, 1).startswith(b'{"user_id":2,')


@given(name=names)
@settings(max_examples=100, deadline=None)
def test_a_pattern_finds_one_file(name: str) -> None:
    with TemporaryDirectory() as base:
        path = Path(base) / name
        for other in ("a", "b", "ab", "axb"):
            (Path(base) / other).touch()
        path.touch()
        try:
            pattern = pattern_of(path)
        except ValueError:
            assert "\\" in name
            return
        assert duckdb.execute("select file from glob(?)", [pattern]).fetchall() == [(str(path),)]
