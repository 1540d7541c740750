"""What would have to be guessed is refused, in one line that names the place."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.data.external.reading_options import ReadingOptions
from ml.data.reading import read_listens, read_log
from ml.errors import MissingColumn, MlError, NoSharedIds, TooFewListens, UnknownTimeZone

if TYPE_CHECKING:
    from pathlib import Path

H = "user_id,track_id,listened_at\n"
P = "user_id,track_id,plays\n"

REFUSALS: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "it is empty"),
    "blank lines": ("\n \n", "it is empty"),
    "a mark alone": ("\ufeff", "it is empty"),
    "a field too many": (
        "user_id,track_id\n1,2\n1,2,3\n",
        "line 3 has 3 fields, not 2 as the first line",
    ),
    "a field too few": (H + "1,2,\n\n1,2\n", "line 4 has 2 fields, not 3 as the first line"),
    "an open quote": ('user_id,track_id\n1,2\n1,"x\n', "line 3 has a quote that is not closed"),
    "quotes with two meanings": (
        'user_id\ttrack_id\n1\t"a\n2\tb"\n3\tc\n',
        'its quotes (") make 2 or 3 rows of it',
    ),
    "Latin-1": (
        "user_id,track_id\n1,2\nRené,2\n".encode("latin-1"),
        "line 3 holds the byte 0xE9, which is not UTF-8: name the encoding, such as --encoding",
    ),
    "UTF-16 without a mark": (
        "user_id,track_id\nx,2\n".encode("utf-16-be"),
        "it looks like UTF-16 without a byte order mark: --encoding utf-16-be says so",
    ),
    "a zero byte": (b"user_id,track_id\n1,2\n1\0,2\n", "line 3 holds a zero byte"),
    "a workbook": (b"PK\x03\x04rest", "it is a ZIP archive or an Excel workbook"),
    "a database": (b"SQLite format 3\0rest", "it is an SQLite database"),
    "a web page": ("<!DOCTYPE html><html></html>", "it is a web page or XML"),
    "half a gzip": (
        gzip.compress(b"user_id,track_id\n" + b"1,2\n" * 5000)[:70],
        "it is damaged or can't be opened",
    ),
    "half a Parquet": (b"PAR1" + b"rest" * 9, "No magic bytes found at end of it"),
    "half a JSON": (
        '[{"user_id": 1, "track_id": 2},\n{"user_id": 1, "tr',
        "line 2, character 16 is no JSON: Unterminated string",
    ),
    "a broken JSON line": (
        '{"user_id": 1, "track_id": 2}\n\n{"user_id": 1, "track_id": }\n',
        "line 3, character 28 is no JSON",
    ),
    "JSON without names": ("[1, 2]", "record 1 is no JSON object with named columns"),
    "JSON without records": ("[]", "it holds no record with a named column"),
    "deep JSON": ("[" * 100_000, "its JSON is nested too deeply"),
    "a list for an id": ('[{"user_id": [1], "track_id": 2}]', "column user_id holds lists"),
    "one name twice": ("user_id,track_id,User ID\n1,2,3\n", "columns user_id, User ID have one"),
    "rounded ids": (
        "user_id,track_id\n7,2\n1.23457E+17,2\n",
        "line 3, column user_id: 1.23457E+17 is an id that a program has rounded",
    ),
    "days or months": (
        H + "1,2,03/02/2019\n1,2,04/05/2019\n",
        "line 2, column listened_at: '03/02/2019' can be day or month first: --date-order says",
    ),
    "days and months": (
        H + "1,2,03/02/2019\n1,2,14/05/2019\n1,2,05/14/2019\n",
        "line 4, column listened_at: the day stands second here, but first in line 3",
    ),
    "two digits of a year": (H + "1,2,03/02/19\n", "line 2, column listened_at: '03/02/19' is no"),
    "an early year": (H + "1,2,2019-02-03\n1,2,0019-02-03\n", "line 3, column listened_at: 0019"),
    "a late year": (H + "1,2,3019-02-03T00:00:00Z\n", "line 2, column listened_at: 3019-02-03"),
    "no such day": (
        H + "1,2,2019-02-28\n1,2,2019-02-30\n",
        "line 3, column listened_at: '2019-02-30' is no date or no time of day",
    ),
    "no such hour": (H + "1,2,2019-02-28 25:00:00\n", "'2019-02-28 25:00:00' is no date or no"),
    "no such offset": (H + "1,2,2019-02-28 20:00+99:00\n", "line 2, column listened_at"),
    "some offsets": (
        H + "1,2,2019-02-03T10:00:00Z\n1,2,2019-02-04 10:00\n",
        "line 3, column listened_at: '2019-02-04 10:00' has no offset from UTC, others have",
    ),
    "a zone's letters": (H + "1,2,2019-02-03 10:00 CET\n", "'2019-02-03 10:00 CET' is no instant"),
    "two units": (
        H + "1,2,1549188000\n1,3,1549188000000\n",
        "line 3, column listened_at: 1549188000000 is no epoch in seconds, as the others are",
    ),
    "no unit": (H + "1,2,43499.5\n", "line 2, column listened_at: 43499.5 is no epoch of seconds"),
    "two ways": (
        H + "1,2,2019-02-03\n1,2,2019-02-03\n1,2,1549188000\n",
        "line 4, column listened_at: '1549188000' is not written as the others are (ISO 8601)",
    ),
    "a line after a break in a value": (
        H + '1,"a\nb",2019-02-03\n\n1,2,yesterday\n',
        "line 5, column listened_at: 'yesterday' is not written as the others are",
    ),
    "words for plays": (P + "1,2,7\n1,2,many\n", "line 3, column plays: 'many' is no number"),
    "a thousand or one": (
        "user_id;track_id;plays\n1;2;1.204\n",
        "line 2, column plays: 1.204 can be a thousand or a fraction",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_what_is_not_clear_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    content, complaint = REFUSALS[name]
    path = tmp_path / "listens"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(MlError) as refused:
        read_listens(path)
    line = str(refused.value)
    assert complaint in line
    assert line.startswith(str(path))
    assert len(line) < 500
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"listened_at": [b"x", b"y"]}, "'x' is no instant"),
        ({"listened_at": [True, False]}, "column listened_at holds boolean, no instants"),
        ({"plays": [True, False]}, "column plays holds boolean, not numbers"),
        ({"user_id": [2.0**60, 1.0]}, "row 1, column user_id: 1.152921504606847e+18 is an id"),
        ({"user_id": [[1], [2]]}, "column user_id holds lists or nested values"),
    ],
)
def test_columns_of_parquet_are_refused_by_name(
    tmp_path: Path, columns: dict[str, list[object]], complaint: str
) -> None:
    path = tmp_path / "listens"
    pq.write_table(pa.table({"user_id": [1, 2], "track_id": [1, 2]} | columns), path)
    with pytest.raises(MlError) as refused:
        read_listens(path)
    assert complaint in str(refused.value)


def test_a_folder_and_a_missing_file_are_called_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,track_id\n1,2\n")
    with pytest.raises(MlError, match=r"it is a folder: name one file, such as .*a\.csv"):
        read_listens(tmp_path)
    with pytest.raises(MlError, match="there is no such file"):
        read_listens(tmp_path / "b.csv")


def test_a_column_that_is_missing_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "listens"
    path.write_text("196\t242\t3\t881250949\n")
    with pytest.raises(MissingColumn, match="if line 1 is no header, --columns user_id=1"):
        read_listens(path)
    path.write_text(",".join(f"column_{at}" for at in range(5000)) + "\n")
    with pytest.raises(MissingColumn, match="and 4980 more") as refused:
        read_listens(path)
    assert len(str(refused.value)) < 600
    path.write_text('[{"endTime": "2023-01-01 10:00", "trackName": "x", "msPlayed": 1000}]')
    with pytest.raises(MissingColumn, match="one person's export compares no users"):
        read_listens(path)
    path.write_text("user,artist,track\na,b,Intro\n")
    with pytest.raises(MissingColumn, match="titles alone are not unique"):
        read_listens(path)
    own = ReadingOptions(columns={"track_id": "track"})
    assert read_listens(path, options=own).tracks.tolist() == ["Intro"]


def test_metadata_of_other_tracks_are_refused(tmp_path: Path) -> None:
    listens, tracks = tmp_path / "listens.csv", tmp_path / "tracks.csv"
    listens.write_text("user_id,track_id\n1,spotify:1\n2,spotify:2\n")
    tracks.write_text("track_id,artist\n1,x\n2,x\n")
    with pytest.raises(NoSharedIds, match="one has '1', the other 'spotify:1'"):
        read_listens(listens, tracks)


def test_metadata_may_have_columns_of_any_name(tmp_path: Path) -> None:
    listens, tracks = tmp_path / "listens.csv", tmp_path / "tracks.csv"
    listens.write_text("user_id,track_id\n1,1\n2,2\n")
    tracks.write_text('track_id,id,code,row,c0,select,"a""b"\n1,5,x,1,2,3,y\n2,5,x,1,2,3,y\n')
    features = read_listens(listens, tracks).track_features
    assert features is not None
    assert set(features.names) == {"id=5", "code=x", "row=1", "c0=2", "select=3", 'a"b=y'}
    tracks.write_text("track_id,artist,Artist\n1,a,b\n")
    with pytest.raises(MlError, match="columns artist, Artist have one and the same name"):
        read_listens(listens, tracks)


def test_an_unknown_time_zone_is_refused_and_a_known_one_is_used(tmp_path: Path) -> None:
    path = tmp_path / "listens"
    path.write_text(H + "1,2,2019-07-01 12:00:00\n")
    with pytest.raises(UnknownTimeZone, match="Europe/Pari'"):
        read_listens(path, options=ReadingOptions(time_zone="Europe/Pari"))
    read = read_listens(path, options=ReadingOptions(time_zone="Europe/Paris"))
    assert read.at is not None
    assert str(read.at[0]).startswith("2019-07-01T10:00:00")


def test_what_was_read_is_said_in_three_lines(tmp_path: Path) -> None:
    listens, tracks = tmp_path / "listens.csv", tmp_path / "tracks.csv"
    rows = ["NA,1,1549188000,40000", "a,\\N,1549188000,40000", "a,1,0,40000", "a,1,1549188000,9"]
    kept = ["a,1,1549188000,30000", "b,2,1549274400,99000"]
    listens.write_text("userId,trackId,ts,ms_played,country\n" +
                       "".join(f"{row},FR\n" for row in (*rows, *kept)))  # fmt: skip
    tracks.write_text('track_id,artist,genres\n1,"Tyler, The Creator",a|b\n9,x,a\n')
    options = ReadingOptions(only_listened=True)
    log = read_log(listens, tracks, options=options)
    assert log.report.lines() == [
        "read      listens.csv (CSV, utf-8, separated by ,): 2 rows, 2 users, 2 tracks,"
        " 2019-02-03 10:00 to 2019-02-04 10:00 UTC",
        "columns   user_id from userId; track_id from trackId; listened_at from ts (epoch seconds);"
        " ms_played from ms_played (30 s are the least that counts); not used: country;"
        " tracks.csv knows 1 of 2 tracks; artist: category; genres: category",
        "left out  rows without a user: 1; rows without a track: 1; rows without an instant: 1;"
        " plays under 30 s: 1; tracks of tracks.csv without a listen: 1",
    ]
    assert log.listens.tracks.tolist() == [1, 2]
    every = read_log(listens, tracks, options=ReadingOptions(least_ms_played=0))
    assert every.listens.tracks.tolist() == [1, 2, 9]
    assert len(every.listens) == 3


def test_a_file_of_nothing_that_counts_says_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "listens"
    path.write_text(P + "1,2,0\n,2,1\n")
    with pytest.raises(TooFewListens, match="among 2: rows without a user: 1; rows with no play"):
        read_listens(path)
