"""Last.fm's scrobbles, as the usual exporters write them."""

from datetime import datetime
from pathlib import Path

import pytest

from ml.errors import MlError
from tests.support.exports import imported, write_text

AT = datetime(2010, 10, 22, 2, 5)
UTS = 1287713100


@pytest.mark.parametrize(
    "text",
    [
        'Blur,Blur,Song 2,"22 Oct 2010, 02:05"\n',
        "Blur,Blur,Song 2,22 Oct 2010 02:05\n",
        "Blur,Blur,Song 2,22 Oct 2010, 02:05\n",
        f"Blur,Blur,Song 2,{UTS}\n",
        "2010-10-22,02:05:00,Blur,Song 2\n",
        "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        f'"{UTS}","22 Oct 2010, 02:05","Blur","","Blur","","Song 2",""\n',
        "Artist;Album;Track;Date\r\nBlur;Blur;Song 2;22 Oct 2010 02:05\r\n",
        '\ufeffartist,album,name,date\nBlur,Blur,Song 2,"22 Oct 2010, 02:05"\n',
        f"Username\tArtist\tTrack\tTimestamp\nbea\tBlur\tSong 2\t{UTS}000\n",
        "Artist,Track,Scrobbled at\nBlur,Song 2,2010-10-22T02:05:00Z\n",
    ],
    ids=["quoted", "plain", "unquoted comma", "epoch", "date and time", "uts", "semicolons",
         "byte order mark", "tabs and users", "ISO"],
)  # fmt: skip
def test_every_form_of_a_scrobble_is_the_same_listen(tmp_path: Path, text: str) -> None:
    world = imported(tmp_path / "w", "lastfm", write_text(tmp_path / "bea.csv", text))
    assert world.listens() == [("bea", "Blur", "Song 2", AT)]


def test_a_track_that_is_playing_now_has_no_instant_and_is_left_out(tmp_path: Path) -> None:
    path = write_text(tmp_path / "bea.csv", 'Blur,,Girls,\nBlur,,Song 2,"22 Oct 2010, 02:05"\n')
    world = imported(tmp_path / "w", "lastfm", path)
    assert world.titles() == ["Song 2"]
    assert world.line("left out") == "rows without an instant: 1"


@pytest.mark.parametrize("never", ['"01 Jan 1970, 00:00"', '"1 Jan 1970, 00:00"'])
def test_a_scrobble_of_an_unknown_day_is_left_out(tmp_path: Path, never: str) -> None:
    path = write_text(
        tmp_path / "bea.csv", f'Blur,,Girls,{never}\nBlur,,Song 2,"22 Oct 2010, 02:05"\n'
    )
    assert imported(tmp_path / "w", "lastfm", path).titles() == ["Song 2"]


def test_the_same_scrobble_twice_counts_once_and_is_counted(tmp_path: Path) -> None:
    path = write_text(tmp_path / "bea.csv", 'Blur,A,Song 2,"22 Oct 2010, 02:05"\n' * 3)
    world = imported(tmp_path / "w", "lastfm", path)
    assert len(world.listens()) == 1
    assert world.line("left out") == "repeated rows: 2"


def test_commas_quotes_and_line_breaks_in_titles_stay(tmp_path: Path) -> None:
    title = 'He said ""go"", I\nwent'
    text = f'"Crosby, Stills",A,"{title}","22 Oct 2010, 02:05"\n'
    world = imported(tmp_path / "w", "lastfm", write_text(tmp_path / "bea.csv", text))
    assert world.listens()[0][1:3] == ("Crosby, Stills", 'He said "go", I\nwent')


def test_the_album_heard_most_is_the_tracks_album(tmp_path: Path) -> None:
    rows = [("Single", 1), ("Blur", 2), ("Blur", 3), ("", 4)]
    text = "".join(f'Blur,{album},Song 2,"22 Oct 2010, 0{at}:05"\n' for album, at in rows)
    world = imported(tmp_path / "w", "lastfm", write_text(tmp_path / "bea.csv", text))
    assert world.rows("select name, album from tracks") == [("Song 2", "Blur")]


def test_an_instant_without_zone_is_in_the_zone_that_is_named(tmp_path: Path) -> None:
    path = write_text(tmp_path / "bea.csv", 'Blur,,Song 2,"22 Oct 2010, 04:05"\n')
    world = imported(tmp_path / "w", "lastfm", path, time_zone="Europe/Paris")
    assert world.listens()[0][3] == AT


def test_latin_1_is_read_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bea.csv"
    path.write_bytes('Beyoncé,,Halo,"22 Oct 2010, 02:05"\n'.encode("latin-1"))
    with pytest.raises(MlError, match=r"0xE9.*--encoding"):
        imported(tmp_path / "w", "lastfm", path)
    world = imported(tmp_path / "w", "lastfm", path, encoding="latin-1")
    assert world.rows("select artist from tracks") == [("Beyoncé",)]


def test_one_files_users_are_people_of_their_own(tmp_path: Path) -> None:
    text = f"user,artist,track,uts\nann,Blur,Song 2,{UTS}\nben,Blur,Song 2,{UTS}\n"
    world = imported(tmp_path / "w", "lastfm", write_text(tmp_path / "all.csv", text))
    assert world.rows("select first_name from users order by id") == [("ann",), ("ben",)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Blur,A,Song 2,yesterday\n", "it has no header"),
        ('Blur,A,Song 2,"22 Oct 2010, 02:05"\nBlur,A,Girls,"31 Feb 2010, 02:05"\n',
         "line 2, column column 4: '31 Feb 2010, 02:05' is no date"),
        ('Blur,A,Song 2,"22 Oct 2010, 02:05"\nBlur,A\n', "line 2 has 2 fields, not 4"),
        ("artist,track\nBlur,Song 2\n", "no column is called uts"),
        ("", "has no play that counts (empty files: 1)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line_with_file_and_line(
    tmp_path: Path, text: str, why: str
) -> None:
    path = write_text(tmp_path / "bea.csv", text)
    with pytest.raises(MlError) as raised:
        imported(tmp_path / "w", "lastfm", path)
    assert str(path) in str(raised.value)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)
