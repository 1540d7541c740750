"""Playlists over HTTP: a user's, one with its tracks, and the formats of other programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from api.serving.http import playlist_formats
from api.serving.processes.refresher import Refresher
from api.serving.snapshot.current import CurrentSnapshot
from api.serving.telemetry.logs import Log
from tests.support.served_marts import Marts
from tests.support.serving_server import serving, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api.serving.snapshot.playlist_lookup import Playlists
    from tests.support.serving_server import RunningServing

JSPF, M3U8 = "application/jspf+json", "audio/x-mpegurl"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[RunningServing]:
    Marts().publish(data_dir / "marts.duckdb")
    with serving(data_dir) as running:
        yield running


def prepared(data_dir: Path) -> Playlists:
    """The playlists of what is published, prepared in this process."""
    Refresher(settings(data_dir), Log("test")).look()
    served = CurrentSnapshot(settings(data_dir))
    assert served.snapshot, served.degraded
    return served.snapshot.playlists


def ids(answered: dict[str, Any]) -> list[str]:
    return [one["playlist_id"] for one in answered["playlists"]]


def test_a_user_sees_the_newest_playlists_with_the_popular_one_last(
    running: RunningServing,
) -> None:
    answered = running.get("/users/10/playlists")
    kinds = ["discover", "on_repeat", "mix-1", "mix-2", "rewind"]
    assert ids(answered) == [*(f"10-{kind}" for kind in kinds), "popular"]
    assert answered["playlists"][2] == {
        "playlist_id": "10-mix-1",
        "kind": "mix",
        "title": 'MIX "1"',
        "description": "What mix holds.",
        "tracks": 30,
    }
    del answered["playlists"]
    made = {"day": "2026-11-22", "model_version": 1, "arm": None}
    assert answered == {"user_id": 10, "known": True, **made}


@pytest.mark.parametrize("user_id", [-(2**31), 7, 2**31 - 1])
def test_a_stranger_gets_the_popular_playlist(running: RunningServing, user_id: int) -> None:
    answered = running.get(f"/users/{user_id}/playlists")
    assert (answered["known"], ids(answered)) == (False, ["popular"])


def test_each_playlist_holds_what_was_published_in_that_order(
    running: RunningServing, data_dir: Path
) -> None:
    with duckdb.connect(data_dir / "marts.duckdb", read_only=True) as marts:
        expected = marts.sql(
            "select playlist_id, list(track_id order by position), list(reason order by position),"
            " list(because_track_id order by position) from playlist_tracks"
            " where day = '2026-11-22' group by all"
        ).fetchall()
    assert len(expected) == 5 * 5 + 1
    for playlist_id, tracks, reasons, because in expected:
        items = running.get(f"/playlists/{playlist_id}")["items"]
        assert [item["position"] for item in items] == list(range(1, 31))
        assert [item["track_id"] for item in items] == tracks
        assert [item["reason"] for item in items] == reasons
        speaks = [item["because"] and item["because"]["track_id"] for item in items]
        assert speaks == because


def test_a_track_comes_with_what_is_known_of_it(running: RunningServing) -> None:
    answered = running.get("/playlists/10-discover")
    first, second, third = answered.pop("items")[:3]
    assert first == {
        "position": 1,
        "track_id": 2,
        "name": 'Track "2" ♪',
        "artist": "Artist 2",
        "album": "Album 2",
        "duration": 182_000,
        "genre": "folk",
        "reason": "model",
        "because": {"track_id": 4, "name": 'Track "4" ♪', "artist": "Artist 4"},
    }
    unknown = ("name", "artist", "album", "duration", "genre", "because")
    assert [second[name] for name in unknown] == [None] * 6
    assert (third["track_id"], third["duration"]) == (4, None)  # "long" is no duration
    assert answered == {
        "user_id": 10,
        "playlist_id": "10-discover",
        "kind": "discover",
        "title": 'DISCOVER ""',
        "description": "What discover holds.",
        "tracks": 30,
        "day": "2026-11-22",
        "model_version": 1,
        "arm": None,
    }
    assert running.get("/playlists/popular")["user_id"] is None


@pytest.mark.parametrize(
    "playlist_id",
    [
        "7-discover",
        "10-release_radar",
        "010-discover",
        "+10-discover",
        "10",
        "-discover",
        "99999999999-discover",
        "10-discover.xspf",
        "popular.",
        "%E2%99%AA",
    ],
)
def test_there_is_no_playlist_of_another_name(running: RunningServing, playlist_id: str) -> None:
    status = 200 if playlist_id == "popular." else 404
    assert running.ask(f"/playlists/{playlist_id}").status == status


def test_jspf_says_what_other_programs_look_for(running: RunningServing) -> None:
    playlist = running.get("/playlists/10-discover.jspf")["playlist"]
    first, second = playlist.pop("track")[:2]
    assert playlist == {
        "title": 'DISCOVER ""',
        "creator": "MooVitamix",
        "annotation": "What discover holds.",
        "identifier": "moovitamix:playlist:10-discover",
        "date": "2026-11-22T00:00:00Z",
    }
    assert first == {
        "title": 'Track "2" ♪',
        "creator": "Artist 2",
        "album": "Album 2",
        "duration": 182_000,
        "identifier": ["moovitamix:track:2"],
    }
    assert second == {"identifier": ["moovitamix:track:3"]}


def test_m3u8_plays_in_order(running: RunningServing) -> None:
    answered = running.ask("/playlists/10-discover.m3u8")
    assert answered.headers["content-type"] == f"{M3U8}; charset=utf-8"
    lines = answered.data.decode().splitlines()
    assert lines[:8] == [
        "#EXTM3U",
        '#PLAYLIST:DISCOVER ""',
        '#EXTINF:182,Artist 2 - Track "2" ♪',
        "moovitamix:track:2",
        "#EXTINF:-1,Track 3",
        "moovitamix:track:3",
        '#EXTINF:-1,Artist 4 - Track "4" ♪',
        "moovitamix:track:4",
    ]
    assert len(lines) == 2 + 2 * 30


@pytest.mark.parametrize("media_type", [JSPF, M3U8])
def test_the_header_gives_the_same_bytes_as_the_suffix(
    running: RunningServing, media_type: str
) -> None:
    suffix = {JSPF: "jspf", M3U8: "m3u8"}[media_type]
    by_suffix = running.ask(f"/playlists/10-mix-1.{suffix}")
    headers = {"x-api-key": running.key, "accept": media_type}
    by_header = running.pool.request("GET", f"{running.url}/playlists/10-mix-1", headers=headers)
    assert by_header.data == by_suffix.data
    differ = {"x-request-id", "date"}
    assert [one for one in by_header.headers.items() if one[0] not in differ] == [
        one for one in by_suffix.headers.items() if one[0] not in differ
    ]
    assert by_header.headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", playlist_formats.JSON),
        ("*/*", playlist_formats.JSON),
        ("text/html", playlist_formats.JSON),
        ("application/jspf+json", playlist_formats.JSPF),
        ("application/json;q=0.5, application/jspf+json", playlist_formats.JSPF),
        ("application/json, application/jspf+json", playlist_formats.JSON),
        ("AUDIO/X-MPEGURL; q=0.1", playlist_formats.M3U8),
        ("audio/x-mpegurl;q=0", playlist_formats.JSON),
        ("audio/x-mpegurl;q=high, ;;,", playlist_formats.JSON),
    ],
)
def test_the_format_is_the_one_that_the_header_prefers(accept: str, media_type: str) -> None:
    assert playlist_formats.chosen(accept) == media_type


def test_a_name_can_add_no_line_to_m3u() -> None:
    track = {"track_id": 1, "name": "a\nfile:///b\r\u2028c", "artist": "d\x0be", "duration": None}
    written = playlist_formats.m3u8(
        {"title": "x\n#EXT"}, [track], "https://app/{track_id}"
    ).decode()
    assert written.splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:x #EXT",
        "#EXTINF:-1,d e - a file:///b c",
        "https://app/1",
    ]


def test_publications_without_playlists_have_the_popular_tracks_as_one(tmp_path: Path) -> None:
    Marts(leave_out=("playlists", "playlist_tracks")).publish(tmp_path / "marts.duckdb")
    found = prepared(tmp_path)
    (only,) = found.of_user(None)
    assert (found.of_user(10), found.is_known(10)) == ([], True)
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    assert found.made(None) == {"day": day, "model_version": None, "arm": None}
    assert (only.about["playlist_id"], only.about["tracks"]) == ("popular", 30)
    tracks = list(found.tracks(only, hidden={39}))
    assert [track["track_id"] for track in tracks] == [40, *range(38, 10, -1)]
    assert {track["reason"] for track in tracks} == {"popularity"}


def test_a_playlist_can_be_of_one_track(tmp_path: Path) -> None:
    Marts(tracks=1, users=1).publish(tmp_path / "marts.duckdb")
    found = prepared(tmp_path)
    assert [one.about["tracks"] for one in found.of_user(10) + found.of_user(None)] == [1] * 6


def test_playlists_whose_ids_are_others_are_not_served(tmp_path: Path) -> None:
    Marts().publish(tmp_path / "marts.duckdb")
    good = prepared(tmp_path).find("10-mix-1")
    Marts(version=2).publish(tmp_path / "marts.duckdb")
    with duckdb.connect(tmp_path / "marts.duckdb") as marts:
        marts.execute("update playlists set playlist_id = '1' || playlist_id where user_id = 10")
    assert prepared(tmp_path).find("10-mix-1") == good
    degraded = CurrentSnapshot(settings(tmp_path)).degraded
    assert degraded == "the id of a playlist does not begin with its user's"
