"""Headers: the names that programs give to users, tracks, instants and plays."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING

from ml.errors import MissingColumn, UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ml.data.external.source import Source

ROLES: Mapping[str, tuple[str, ...]] = {
    "user_id": (
        "userid", "useruuid", "userkey", "userhash", "uid", "user", "username", "userno",
        "memberid", "customerid", "listenerid", "accountid", "listener",
    ),
    "track_id": (
        "trackid", "songid", "itemid", "recordingid", "trackuri", "spotifytrackuri", "trackurn",
        "trackmbid", "recordingmbid", "trackkey", "songkey", "trackhash", "item", "track",
    ),
    "listened_at": (
        "listenedat", "playedat", "scrobbledat", "streamedat", "timestamp", "ts", "datetime",
        "uts", "unixtimestamp", "unixtime", "timestampms", "epoch", "utctime", "listentime",
        "eventtime", "time", "date", "startedat", "starttime", "endedat", "endtime", "createdat",
    ),
    "plays": (
        "plays", "playcount", "playscount", "listens", "listencount", "listeningcount",
        "timesplayed", "totalplays", "nplays", "numplays", "scrobbles", "streams", "count",
        "frequency", "freq", "weight",
    ),
    "ms_played": ("msplayed", "playedms", "millisecondsplayed", "playedmilliseconds", "mslistened"),
}  # fmt: skip
"""Our name to others', letters and digits alone, the surest first."""
_OTHER_ITEMS = (
    "artistid", "artistmbid", "albumid", "movieid", "filmid", "bookid", "videoid", "productid",
)  # fmt: skip
"""What is recommended instead of tracks, where a file names no track at all."""
_TITLE_COLUMNS = {"track", "trackname", "title", "song", "songname"}
_ARTISTS = {"artist", "artistname"}
_TITLES = ("track", "song", "title", "recording")
NEEDED = ("user_id", "track_id")


def plain(name: str) -> str:
    """Return a name's letters and digits, so that `User ID`, `userId` and `user_id` are one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def is_header(fields: list[str], asked: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Whether a line names both a user and a track, in our words or in those asked for."""
    return all(asked.get(role) in fields or _place(role, fields) is not None for role in NEEDED)


def is_header_of(role: str) -> Callable[[list[str]], bool]:
    """Return whether a line names the id of metadata."""
    return lambda fields: _place(role, fields) is not None or "id" in map(plain, fields)


def roles_of(source: Source, asked: Mapping[str, str]) -> dict[str, int]:
    """Return where each column that a listens file has for us stands.

    Raises:
        MissingColumn: it names no user or no track.
        UnreadableTable: it names one twice, or a column that was asked for is not there.

    """
    places = {
        role: place
        for role in ROLES
        if (place := _place(role, source.names, source.path)) is not None
    } | {role: _requested(source, role, name) for role, name in asked.items()}
    for role in NEEDED:
        if role not in places:
            raise MissingColumn(source.path, role, source.names, hint=_hint(source, role))
    return places


def key_of(source: Source, role: str, same_as: str) -> int:
    """Return where the id of a metadata file stands: named as in the listens, or as usual.

    Args:
        source: The file of metadata.
        role: What the id is of: track or user.
        same_as: The name of that id in the listens.

    """
    names = [plain(name) for name in source.names]
    if (own := plain(same_as)) in names:
        require_once(source.path, source.names, own)
        return names.index(own)
    place = _place(role, source.names, source.path)
    if place is None and "id" in names:
        place = names.index("id")
    if place is None:
        raise MissingColumn(source.path, role, source.names)
    return place


def _place(role: str, names: list[str], path: Path | None = None) -> int | None:
    """Return where the surest name of a role stands; refuse it twice, if the file is given."""
    there = [plain(name) for name in names]
    wanted = ROLES[role]
    if role == "track_id" and not any(
        title in name for name in there for title in (*_TITLES, "item")
    ):
        others = [name for name in _OTHER_ITEMS if name in there]
        wanted = (*wanted, *others) if len(others) == 1 else wanted
    for name in wanted:
        if name == "track" and _ARTISTS & set(there):
            continue  # titles: an "Intro" has many artists
        if name in there:
            if path is not None:
                require_once(path, names, name)
            return there.index(name)
    return None


def require_once(path: Path, names: list[str], wanted: str) -> None:
    """Refuse a file in which two columns have a name that differs in signs or case at most.

    Args:
        path: The file.
        names: The names of its columns.
        wanted: The name that is asked for.

    """
    same = [name for name in names if plain(name) == plain(wanted)]
    if len(same) > 1:
        why = f"columns {', '.join(same)} have one and the same name: rename all but one"
        raise UnreadableTable(path, why)


def _requested(source: Source, role: str, name: str) -> int:
    if role not in ROLES:
        why = f"--columns knows {', '.join(ROLES)}, not {role}"
        raise UnreadableTable(source.path, why)
    return place_named(source, name)


def place_named(source: Source, name: str) -> int:
    """Return where a column stands, by its name or its number from 1.

    Raises:
        MissingColumn: no column, or more than one, is called so.

    """
    if name in source.names:
        return source.names.index(name)
    if name.isdigit() and 1 <= int(name) <= len(source.names):
        return int(name) - 1
    alike = [at for at, its in enumerate(source.names) if plain(its) == plain(name)]
    if len(alike) != 1:
        raise MissingColumn(source.path, name, source.names)
    return alike[0]


def _hint(source: Source, role: str) -> str:
    """Return what a person can do about a missing column, where it can be guessed."""
    if source.form.startswith("CSV") and any(_is_value(name) for name in source.names):
        return "if line 1 is no header, --columns user_id=1,track_id=2 names them by number"
    if role == "track_id" and any(plain(name) in _TITLE_COLUMNS for name in source.names):
        return "titles alone are not unique; --columns track_id=NAME takes them as they are"
    if role == "user_id":
        if any(plain(name) in {"msplayed", "trackname", "uts"} for name in source.names):
            return "one person's export compares no users: add a column user_id, and other people"
        return "--columns user_id=NAME says which it is"
    return f"--columns {role}=NAME says which it is"


def _is_value(name: str) -> bool:
    return not name or name[0].isdigit()
