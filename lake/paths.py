"""Paths escaped for programs that read some characters as patterns, columns or URLs.

Settings check here the folders that they are given, and whatever names a file to DuckDB does it
through here: so a name is never more than a name.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

_WILD = ("*", "?", "[", "::")
"""Read by DuckDB and fsspec as patterns and as chains of storages."""
_REFUSED = (*_WILD, "#", "%", "\\")
"""The last three where a path becomes a URL: they end it, or stand for other letters."""
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_PLAIN = re.compile(r"[\w./@+,-]+", re.ASCII)
_LOCAL = ("file", "local")
_WILDCARDS = re.compile(r"([*?\[])")

NO_PARTITIONS = "hive_partitioning = false"
"""For files whose folders hold no values: DuckDB reads `user_id=5/` as a column by itself."""


def folder(path: Path) -> Path:
    """Return a folder's absolute path, links followed; raise `ValueError` if its name is refused.

    A data folder, a lake and whatever lies in them are found by patterns and named in URLs, by
    libraries that know no way to write these letters. Any other name is right.
    """
    whole = absolute(path)
    odd = [sign for sign in _REFUSED if sign in str(whole)]
    odd += sorted({repr(sign) for sign in str(whole) if _is_unprintable(sign)})
    shown = str(whole) if str(whole).isprintable() else repr(str(whole))
    if odd:
        raise ValueError(f"{shown} has {' '.join(odd)} in it; choose a folder without")
    if whole == Path(whole.anchor):
        raise ValueError(f"{str(path)!r} is the root of all folders; choose one in it")
    return whole


def absolute(path: Path) -> Path:
    """Return a path as it is from any folder, links followed; raise `ValueError` if it is none."""
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{str(path)!r} is no path: {error}") from error


def lake_in(url: str, data_dir: Path) -> str:
    """Return where the lake is: a checked path on this machine, or the URL of another storage.

    Args:
        url: As somebody gave it; empty means `lake` in the data folder.
        data_dir: The data folder, absolute.

    Raises:
        ValueError: A folder of this name could not be read right.

    """
    scheme, _, rest = url.partition("://")
    if not rest:
        return str(folder(Path(url or data_dir / "lake")))
    if scheme in _LOCAL:
        return str(folder(Path(unquote(rest))))
    if odd := [sign for sign in _WILD if sign in rest.partition("/")[2]]:
        raise ValueError(f"{url!r} has {' '.join(odd)} in it; choose a lake without")
    return url.rstrip("/")


def require_plain(path: str) -> None:
    """Raise `ValueError` if Java, the shell or Spark's SQL could take a path for more."""
    if not _PLAIN.fullmatch(path):
        raise ValueError(f"Spark reads {path!r} wrongly; use letters, digits and . _ @ + , - alone")


def is_misread(lake_url: str) -> bool:
    """Whether DuckDB would find columns above the lake, or cannot reach it by itself."""
    return "=" in lake_url or "://" in lake_url


def pattern_of(path: Path | str) -> str:
    """Return what DuckDB reads as exactly this file; raise `ValueError` where nothing does."""
    text = str(path)
    if not _WILDCARDS.search(text):
        return text
    if "\\" in text:
        raise ValueError("a name with a backslash and one of * ? [ can't be read; rename it")
    return _WILDCARDS.sub(r"[\1]", text)


def _is_unprintable(sign: str) -> bool:
    return unicodedata.category(sign) in _UNPRINTABLE


def literal(text: object) -> str:
    """Return `text` as an SQL literal, its quotes included."""
    return "'" + str(text).replace("'", "''") + "'"
