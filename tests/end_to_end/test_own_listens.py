"""A year of one person's own listening, from their export to their playlists."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.exports import account_play, write_json, zipped
from tests.support.installation import Installation

END = datetime(2026, 3, 1, 21)


def a_year(seed: int = 1) -> list[dict[str, object]]:
    """Return plays of 40 artists, the first ones most, in an hour of most evenings."""
    drawn = random.Random(seed)
    plays, at = [], END - timedelta(days=365)
    while at < END - timedelta(hours=3):
        for number in range(drawn.randrange(3, 12)):
            artist = int(40 * drawn.random() ** 2)
            end = at + timedelta(minutes=4 * number + 4)
            title = f"Song {int(12 * drawn.random() ** 2)}"
            plays.append(account_play(f"{end:%Y-%m-%d %H:%M}", f"Artist {artist}", title, 215_000))
        at += timedelta(hours=24 * drawn.randrange(1, 3))
    return plays


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    write_json(folder / "StreamingHistory_music_0.json", a_year())
    return zipped(tmp_path / "my_spotify_data.zip", folder, "Spotify Account Data/")


def test_a_year_of_ones_own_listens_becomes_marts_and_playlists(
    data_dir: Path, tmp_path: Path, archive: Path
) -> None:
    installation = Installation(data_dir, {})
    world = tmp_path / "world"
    printed = installation.does("import", "spotify", f"Ada={archive}", "--out", str(world))
    assert f"moovitamix run --world {world}" in printed
    installation.does("run", "--world", str(world), "--as-of", END.isoformat())
    plays = a_year()
    assert installation.ask("select count(*) from fact_listen_history") == [(len(plays),)]
    assert installation.ask("select first_name from dim_users") == [("Ada",)]
    (most,) = installation.ask(
        "select artist from fact_listen_history join dim_tracks using (track_id)"
        " group by artist order by count(*) desc, artist limit 1"
    )[0]
    named = [str(play["artistName"]) for play in plays]
    assert named.count(str(most)) == max(map(named.count, set(named)))
    kinds = {
        kind
        for (kind,) in installation.ask("select distinct kind from playlists where user_id = 1")
    }
    assert {"discover", "on_repeat"} & kinds
    assert installation.ask("select count(*) > 0 from playlist_tracks") == [(True,)]
    refused = installation.fails("run", "--as-of", END.isoformat())
    assert f"lives on {world}; in the generated world the same ids are other people" in refused
