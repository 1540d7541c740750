"""Spotify's account data and extended history, as they are handed out."""

from datetime import datetime
from pathlib import Path

import pytest

from ml.errors import MlError
from tests.support.exports import account_play, extended_play, imported, write_json, zipped

AT = "2024-01-02 10:05"
TS = "2024-01-02T10:05:37Z"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "anna"
    folder.mkdir()
    return folder


def test_a_play_starts_its_milliseconds_before_it_ended(tmp_path: Path, export: Path) -> None:
    write_json(export / "StreamingHistory_music_0.json", [account_play(AT)])
    write_json(export / "Streaming_History_Audio_2024_1.json", [extended_play(TS, "Beetlebum")])
    world = imported(tmp_path / "w", "spotify", export)
    assert world.listens() == [
        ("anna", "Blur", "Beetlebum", datetime(2024, 1, 2, 10, 3, 37)),
        ("anna", "Blur", "Song 2", datetime(2024, 1, 2, 10, 3)),
    ]


def test_podcasts_are_left_out_unless_they_are_wanted(tmp_path: Path, export: Path) -> None:
    spoken = {"endTime": AT, "podcastName": "Show", "episodeName": "One", "msPlayed": 900_000}
    episode = {"episode_name": "Two", "episode_show_name": "Show"}
    write_json(export / "StreamingHistory_podcast_0.json", [spoken])
    write_json(
        export / "Streaming_History_Audio_2024_1.json",
        [extended_play(TS, None, **episode), extended_play(TS)],
    )
    world = imported(tmp_path / "w", "spotify", export)
    assert world.titles() == ["Song 2"]
    assert world.line("left out") == "podcasts and audiobooks: 2"
    both = imported(tmp_path / "w2", "spotify", export, with_spoken=True)
    assert max(both.listens())[1:3] == ("Show", "Two")
    assert len(both.listens()) == 3


@pytest.mark.parametrize(("least", "titles"), [(30_000, ["Whole"]), (0, ["Short", "Whole"])])
def test_plays_under_thirty_seconds_are_left_out_by_a_setting(
    tmp_path: Path, export: Path, least: int, titles: list[str]
) -> None:
    rows = [
        account_play(AT, track="Short", ms=29_999),
        account_play("2024-01-02 11:00", "B", "Whole"),
    ]
    write_json(export / "StreamingHistory_music_0.json", rows)
    world = imported(tmp_path / "w", "spotify", export, least_ms_played=least)
    assert world.titles() == titles
    assert ("plays under 30 s: 1" in world.line("left out")) == (least > 0)


def test_what_account_data_and_extended_history_both_have_counts_once(
    tmp_path: Path, export: Path
) -> None:
    write_json(
        export / "StreamingHistory_music_0.json",
        [account_play(AT), account_play("2024-01-02 10:09")],
    )
    write_json(export / "endsong_0.json", [extended_play(TS)])
    world = imported(tmp_path / "w", "spotify", export)
    assert len(world.listens()) == 2
    assert world.line("left out") == "plays of the account data that the extended history has: 1"


def test_rows_that_are_repeated_in_overlapping_files_count_once(
    tmp_path: Path, export: Path
) -> None:
    write_json(export / "Streaming_History_Audio_2023-2024_1.json", [extended_play(TS)] * 2)
    write_json(export / "Streaming_History_Audio_2024_2.json", [extended_play(TS)])
    world = imported(tmp_path / "w", "spotify", export)
    assert len(world.listens()) == 1
    assert world.line("left out") == "repeated rows: 2"


def test_an_archive_is_read_and_its_other_files_are_named(tmp_path: Path, export: Path) -> None:
    write_json(export / "StreamingHistory_music_0.json", [account_play(AT)])
    write_json(export / "Userdata.json", {"username": "x"})
    (export / "ReadMeFirst.pdf").write_bytes(b"%PDF")
    archive = zipped(tmp_path / "my_spotify_data.zip", export, "Spotify Account Data/")
    world = imported(tmp_path / "w", "spotify", f"Anna  B={archive}")
    assert world.listens()[0][:3] == ("Anna B", "Blur", "Song 2")
    assert "ReadMeFirst.pdf" in world.line("not read")
    assert "Userdata.json" in world.line("not read")


def test_case_spaces_and_unicode_make_no_other_artist_or_title(
    tmp_path: Path, export: Path
) -> None:
    rows = [
        account_play("2024-01-02 10:05", "Beyoncé", "Don't  Hurt Yourself"),
        account_play("2024-01-02 10:15", "Beyonce\u0301", "Don\u2019t Hurt Yourself"),
        account_play("2024-01-02 10:25", "BEYONCÉ ", "DON'T HURT YOURSELF"),
        account_play("2024-01-02 10:35", "Beyoncé", "Don't Hurt Yourself"),
    ]
    write_json(export / "StreamingHistory_music_0.json", rows)
    world = imported(tmp_path / "w", "spotify", export)
    assert world.rows("select artist from tracks") == [("Beyoncé",)]
    assert world.rows("select items from listen_history") == [([1, 1, 1, 1],)]
    assert "1 artists (1 spelled in several ways)" in world.line("world")


def test_names_that_look_like_missing_values_are_names(tmp_path: Path, export: Path) -> None:
    rows = [
        account_play(f"2024-01-02 1{at}:05", "Nil", its) for at, its in enumerate(["NULL", "NaN"])
    ]
    write_json(export / "StreamingHistory_music_0.json", rows)
    assert imported(tmp_path / "w", "spotify", export).titles() == ["NULL", "NaN"]


def test_tracks_that_spotify_no_longer_knows_are_left_out_and_counted(
    tmp_path: Path, export: Path
) -> None:
    rows = [account_play(AT), account_play("2024-01-02 11:05", "Unknown Artist", "Unknown Track")]
    write_json(export / "StreamingHistory_music_0.json", rows)
    write_json(export / "Streaming_History_Audio_2024_1.json", [extended_play(TS, None)])
    world = imported(tmp_path / "w", "spotify", export)
    assert world.titles() == ["Song 2"]
    left_out = world.line("left out")
    assert "tracks that the service no longer knows: 1" in left_out
    assert "rows without a track: 1" in left_out


def test_an_empty_file_and_a_row_without_milliseconds_are_no_fault(
    tmp_path: Path, export: Path
) -> None:
    write_json(export / "StreamingHistory_podcast_0.json", [])
    write_json(export / "StreamingHistory_music_0.json", [account_play(AT, ms=None)])
    world = imported(tmp_path / "w", "spotify", export)
    assert world.listens()[0][3] == datetime(2024, 1, 2, 10, 5)
    assert world.line("read").startswith("2 files, 1 rows")


def test_the_length_of_a_track_is_that_of_plays_that_ended_by_themselves(
    tmp_path: Path, export: Path
) -> None:
    rows = [
        extended_play("2024-01-02T10:05:37Z", ms_played=122_000),
        extended_play("2024-01-02T11:05:37Z", ms_played=40_000, reason_end="fwdbtn"),
    ]
    write_json(export / "Streaming_History_Audio_2024_1.json", rows)
    world = imported(tmp_path / "w", "spotify", export)
    assert world.rows("select duration from tracks") == [("02:02",)]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("StreamingHistory_music_0.json", '[{"endTime": "soon", "artistName": "a",'
         ' "trackName": "b", "msPlayed": 1}]', "record 1, column endTime: 'soon' is no instant"),
        ("StreamingHistory_music_0.json", '[{"endTime": "2024-01-02 10:05", "msP', "line 1"),
        ("StreamingHistory_music_0.json", '[{"a": 1}]', "neither endTime and msPlayed"),
        ("Userdata.json", "{}", "no file of it is a history of spotify: it holds Userdata.json"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line_with_file_and_place(
    tmp_path: Path, export: Path, name: str, content: str, why: str
) -> None:
    (export / name).write_text(content)
    archive = zipped(tmp_path / "anna.zip", export)
    for path in (export, archive):
        with pytest.raises(MlError) as raised:
            imported(tmp_path / "w", "spotify", path)
        assert str(path) in str(raised.value)
        assert why in str(raised.value)
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "w").exists()
