"""Formats of files: Parquet, JSON and delimited text, each opened as a source of rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb

from lake.paths import NO_PARTITIONS, literal, pattern_of
from ml.data.external import delimited
from ml.data.external.decoding import decode
from ml.data.external.source import Source, unreadable
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ml.data.external.reading_options import ReadingOptions

_SIGNS = {"\t": "tab", " ": "space", "\x01": "Ctrl-A"}
_LARGEST_DOCUMENT = 1 << 30


def open_source(
    db: duckdb.DuckDBPyConnection,
    path: Path,
    folder: Path,
    options: ReadingOptions,
    is_header: Callable[[list[str]], bool],
) -> Source:
    """Find out how a file is to be read.

    Args:
        db: where it will be read.
        path: the file.
        folder: an empty folder for copies.
        options: what the person says of the file.
        is_header: whether a line of these fields names the columns that are needed.

    Raises:
        UnreadableTable: it is in no form that is read, or damaged.

    """
    folder.mkdir()
    decoded = decode(path, folder, options.encoding)
    if not decoded.path.stat().st_size:
        raise UnreadableTable(path, "it is empty")
    try:
        if decoded.is_parquet:
            return _parquet(db, path, decoded.path)
        if _first_sign(path, decoded.path) in "{[":
            return _json(db, path, decoded.path)
        return _csv(path, decoded.path, options, is_header, decoded.encoding)
    except duckdb.Error as error:
        raise unreadable(path, error) from error


def _first_sign(path: Path, plain: Path) -> str:
    with plain.open(encoding="utf-8") as file:
        while part := file.read(4096):
            if its := part.strip("\ufeff \t\r\n"):
                return its[0]
    raise UnreadableTable(path, "it is empty")


def _parquet(db: duckdb.DuckDBPyConnection, path: Path, plain: Path) -> Source:
    reader = f"read_parquet({literal(pattern_of(plain))}, {NO_PARTITIONS})"
    rows = db.execute(f"describe from {reader}").fetchall()
    names = [str(row[0]) for row in rows]
    selects = ['"' + name.replace('"', '""') + '"' for name in names]
    types = [str(row[1]) for row in rows]
    for at, kind in enumerate(types):
        if kind == "BLOB":  # text, as older programs write it
            selects[at], types[at] = f"decode({selects[at]})", "VARCHAR"
    return Source(path, names, types, selects, reader, "Parquet")


def _json(db: duckdb.DuckDBPyConnection, path: Path, plain: Path) -> Source:
    """Read an array of objects, or an object a line; numbers as they are written."""
    objects = (
        f"read_json_objects({literal(pattern_of(plain))}, format = 'auto', {NO_PARTITIONS},"
        f" maximum_object_size = {min(_LARGEST_DOCUMENT, plain.stat().st_size + 1024)})"
    )
    try:
        db.execute(f"create or replace temp table documents as select json from {objects}")
    except duckdb.Error as error:
        raise _torn_json(path, plain) or unreadable(path, error) from error
    other = db.execute(
        "select rowid + 1 from documents where json_type(json) != 'OBJECT' limit 1"
    ).fetchone()
    if other is not None:
        raise UnreadableTable(path, f"record {other[0]} is no JSON object with named columns")
    keys = db.execute(
        "select key from (select unnest(json_keys(json)) as key, rowid as place from documents)"
        " group by key order by min(place), key"
    ).fetchall()
    if not keys:
        raise UnreadableTable(path, "it holds no record with a named column")
    names = [str(key) for (key,) in keys if '"' not in key and "\\" not in key]
    places = [literal(f'$."{name}"') for name in names]
    kinds = [
        db.execute(
            f"select bool_or(json_type(json, {place}) = 'ARRAY'),"
            f" bool_or(json_type(json, {place}) = 'OBJECT') from documents"
        ).fetchall()[0]
        for place in places
    ]
    types = [
        "VARCHAR[]" if is_list else "STRUCT" if is_struct else "VARCHAR"
        for is_list, is_struct in kinds
    ]
    selects = [
        f"case json_type(json, {place}) when 'ARRAY' then json_extract_string(json, "
        f"{place[:-1]}[*]') when null then null else [json_extract_string(json, {place})] end"
        if kind == "VARCHAR[]"
        else f"json_extract_string(json, {place})"
        for place, kind in zip(places, types, strict=True)
    ]
    name = f"documents_{plain.parent.name}"
    db.execute(f"alter table documents rename to {name}")
    return Source(path, names, types, selects, name, "JSON", "record {}".format)


def _torn_json(path: Path, plain: Path) -> UnreadableTable | None:
    """Find where a text stops being JSON: DuckDB counts neither lines nor records as people do."""
    text = plain.read_text(encoding="utf-8")
    decoder, end = json.JSONDecoder(), 0
    try:
        while end < len(text):
            if text[end].isspace():
                end += 1
            else:
                _, end = decoder.raw_decode(text, end)
    except (json.JSONDecodeError, RecursionError) as error:
        if isinstance(error, RecursionError):
            return UnreadableTable(path, "its JSON is nested too deeply")
        where = f"line {error.lineno}, character {error.colno}"
        return UnreadableTable(path, f"{where} is no JSON: {error.msg}")
    return None


def _csv(
    path: Path,
    plain: Path,
    options: ReadingOptions,
    is_header: Callable[[list[str]], bool],
    encoding: str,
) -> Source:
    dialect = delimited.detect(path, plain, options.delimiter, is_header)
    numbers = [its for its in options.columns.values() if its.isdigit()]
    has_header = is_header(dialect.first) or all(its in dialect.first for its in numbers)
    width = len(dialect.first)
    reader = delimited.checked_reader(path, plain, dialect, has_header=has_header)
    names = dialect.first if has_header else [f"column {at}" for at in range(1, width + 1)]
    form = _SIGNS.get(dialect.delimiter, dialect.delimiter)
    description = f"CSV, {encoding}, separated by {form}{'' if has_header else ', no header'}"
    return Source(
        path,
        names,
        ["VARCHAR"] * width,
        [f"c{at}" for at in range(width)],
        reader.sql,
        description,
        reader.locate,
        has_header,
    )
