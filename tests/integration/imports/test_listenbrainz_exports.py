"""ListenBrainz's exports and dumps."""

import gzip
from datetime import datetime
from pathlib import Path

import pytest

from ml.errors import MlError
from tests.support.exports import imported, listen, write_json, write_lines, zipped

EPOCH = 1577880000
AT = datetime(2020, 1, 1, 12)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    write_json(folder / "user.json", {"user_id": 3, "username": "carl"})
    write_lines(folder / "feedback.jsonl", [{"score": 1}])
    return folder


def test_an_export_says_whose_it_is_and_its_other_files_are_not_read(
    tmp_path: Path, export: Path
) -> None:
    write_lines(export / "listens/2020/1.jsonl", [listen(EPOCH)])
    write_lines(export / "listens/2021/12.jsonl", [listen(EPOCH + 3600, "Girls")])
    archive = zipped(tmp_path / "listenbrainz_carl.zip", export)
    for number, path in enumerate((export, archive)):
        world = imported(tmp_path / f"w{number}", "listenbrainz", path)
        assert world.listens()[1] == ("carl", "Blur", "Song 2", AT)
        assert world.line("not read") == "feedback.jsonl"


def test_a_dump_has_many_people(tmp_path: Path) -> None:
    rows = [listen(EPOCH) | {"user_name": name, "user_id": 1} for name in ("ann", "ben")]
    write_lines(tmp_path / "dump/listens/2020/1.listens", rows)
    world = imported(tmp_path / "w", "listenbrainz", tmp_path / "dump")
    assert world.rows("select first_name from users order by id") == [("ann",), ("ben",)]
    with pytest.raises(MlError, match="2 people's listens, not those of carl alone"):
        imported(tmp_path / "w2", "listenbrainz", f"carl={tmp_path / 'dump'}")


@pytest.mark.parametrize("at", [EPOCH, str(EPOCH), "2020-01-01T12:00:00+00:00"])
def test_an_instant_is_an_epoch_or_a_text(tmp_path: Path, export: Path, at: object) -> None:
    write_lines(export / "listens/2020/1.jsonl", [listen(at)])
    assert imported(tmp_path / "w", "listenbrainz", export).listens()[0][3] == AT


@pytest.mark.parametrize("about", [{"duration_ms": 122_000}, {"duration": "122"}])
def test_a_length_is_told_in_milliseconds_or_seconds(
    tmp_path: Path, export: Path, about: dict[str, object]
) -> None:
    write_lines(export / "listens/2020/1.jsonl", [listen(EPOCH, additional_info=about)])
    world = imported(tmp_path / "w", "listenbrainz", export)
    assert world.rows("select duration from tracks") == [("02:02",)]


def test_a_length_that_is_no_number_is_none(tmp_path: Path, export: Path) -> None:
    row = listen(EPOCH, additional_info={"duration_ms": "unknown", "duration": None})
    write_lines(export / "listens/2020/1.jsonl", [row])
    world = imported(tmp_path / "w", "listenbrainz", export)
    assert world.rows("select duration from tracks") == [(None,)]


def test_a_listen_without_a_title_is_left_out(tmp_path: Path, export: Path) -> None:
    write_lines(export / "listens/2020/1.jsonl", [listen(EPOCH), listen(EPOCH, None)])
    world = imported(tmp_path / "w", "listenbrainz", export)
    assert (world.titles(), world.line("left out")) == (["Song 2"], "rows without a track: 1")


def test_a_listen_in_two_months_files_counts_once(tmp_path: Path, export: Path) -> None:
    for month in (1, 2):
        write_lines(export / f"listens/2020/{month}.jsonl", [listen(EPOCH)])
    world = imported(tmp_path / "w", "listenbrainz", export)
    assert (len(world.listens()), world.line("left out")) == (1, "repeated rows: 1")


def test_blank_lines_and_packed_files_are_read(tmp_path: Path, export: Path) -> None:
    path = write_lines(export / "listens/2020/1.jsonl", [listen(EPOCH)])
    path.with_name("1.jsonl.gz").write_bytes(gzip.compress(b"\n" + path.read_bytes() + b"\n\n"))
    path.unlink()
    assert imported(tmp_path / "w", "listenbrainz", export).titles() == ["Song 2"]


def test_an_unknown_album_and_odd_names_are_no_fault(tmp_path: Path, export: Path) -> None:
    row = listen(EPOCH, 'ミュー "ジック"', release_name=None, artist_name="\u200b椎名 林檎 ")
    write_lines(export / "listens/2020/1.jsonl", [row])
    world = imported(tmp_path / "w", "listenbrainz", export)
    assert world.rows("select artist, name, album from tracks") == [
        ("椎名 林檎", 'ミュー "ジック"', None)
    ]


def test_a_single_file_of_the_former_export_is_read(tmp_path: Path) -> None:
    path = write_json(tmp_path / "dora.json", [listen(EPOCH), listen(EPOCH + 60, "Girls")])
    world = imported(tmp_path / "w", "listenbrainz", path)
    assert [row[0] for row in world.listens()] == ["dora", "dora"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"listened_at": 1577880000, "track_metadata": {}}\n{"listened', "line 2"),
        ('{"a": 1}\n', "no listened_at and track_metadata"),
        ('{"listened_at": "soon", "track_metadata": {}}\n', "record 1, column listened_at: 'soon'"),
        ('{"listened_at": 7, "track_metadata": {}}\n', "7 is no epoch"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_file_and_place(
    tmp_path: Path, export: Path, text: str, why: str
) -> None:
    path = export / "listens/2020/1.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(MlError) as raised:
        imported(tmp_path / "w", "listenbrainz", export)
    assert str(path) in str(raised.value)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)
