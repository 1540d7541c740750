"""Delimited text: detection of delimiter and quotes, and the line of each row."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb

from lake.paths import NO_PARTITIONS, literal, pattern_of
from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DELIMITERS = ("\t", ",", ";", "|", "::", "\x01", "^", " ")
_LITERAL_QUOTES = {"\t", "::", "\x01"}
"""Between these, programs write values as they are, a lone quote included."""
_SAMPLE, _RECORDS = 1 << 16, 100
_LINE = re.compile(r"CSV Error on Line: (\d+)")
_FIELDS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The dialect of a delimited file."""

    delimiter: str
    first: list[str]
    """The fields of its first line."""
    quote: str = '"'
    escape: str = '"'
    skip: int = 0
    """Lines before the first that counts."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A call of DuckDB that reads a whole file, tried."""

    path: Path
    dialect: Dialect
    sql: str
    has_header: bool

    def locate(self, row: int) -> str:
        """Return the line where a row begins, found by reading up to it."""
        its = self.dialect
        number, before = 0, its.skip
        with self.path.open(encoding="utf-8", newline="") as file:
            for _ in range(its.skip):
                next(file)
            rows = csv.reader(
                file,
                delimiter=its.delimiter[0],
                quotechar=its.quote or None,
                quoting=csv.QUOTE_MINIMAL if its.quote else csv.QUOTE_NONE,
            )
            for fields in rows:
                number += bool(fields)
                if number == row + self.has_header:
                    return f"line {before + 1}"
                before = its.skip + rows.line_num
        return f"row {row}"


def detect(
    path: Path, plain: Path, asked: str | None, is_header: Callable[[list[str]], bool]
) -> Dialect:
    """Return the delimiter by which the first lines fall into equally many fields.

    Args:
        path: the file as it was given.
        plain: the same in UTF-8.
        asked: a delimiter that the person names.
        is_header: whether a line of these fields names the columns that are needed.

    """
    with plain.open(encoding="utf-8", newline="") as file:
        sample = file.read(_SAMPLE)
    skip = 0
    if spreadsheet := re.match(r"sep=(.)\r?\n", sample):
        asked, skip, sample = asked or spreadsheet[1], 1, sample[spreadsheet.end() :]
    if sample.lower().startswith(("<!doctype", "<html", "<?xml")):
        raise UnreadableTable(path, "it is a web page or XML, not a table")
    lines = re.split(r"\r\n|\r|\n", sample)
    quote = "'" if lines[0].startswith("'") else '"'
    wanted = (_NAMED.get(asked, asked),) if asked else DELIMITERS
    best: tuple[tuple[bool, bool, int], Dialect] | None = None
    for delimiter in wanted:
        if delimiter == " " != asked and any(other in lines[0] for other in DELIMITERS[:-1]):
            continue
        records = _records(sample, delimiter, quote, whole=len(sample) < _SAMPLE)
        if not records:
            raise UnreadableTable(path, "it is empty")
        first = [name.strip() for name in records[0]]
        even = all(len(record) == len(first) for record in records)
        rank = (is_header(first), even and len(first) > 1, len(first) if delimiter != " " else 1)
        if best is None or rank > best[0]:
            best = rank, Dialect(delimiter, first, quote, quote, skip)
    assert best is not None
    return best[1] if best[0][2] > 1 or best[0][1] else replace(best[1], delimiter=wanted[0])


def _records(sample: str, delimiter: str, quote: str, *, whole: bool) -> list[list[str]]:
    if len(delimiter) > 1:
        rows = [line.split(delimiter) for line in re.split(r"\r\n|\r|\n", sample) if line]
    else:
        lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", sample)
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
        try:
            rows = [row for row in reader if row]
        except csv.Error:
            rows = [re.split(r"\r|\n", sample, maxsplit=1)[0].split(delimiter)]
    return (rows if whole else rows[:-1] or rows)[:_RECORDS]


def checked_reader(path: Path, plain: Path, dialect: Dialect, *, has_header: bool) -> Reader:
    """Return the first way of quoting by which the whole file is even.

    Raises:
        UnreadableTable: a line has more or fewer fields than the first.

    Args:
        path: The file, for messages.
        plain: The file, decompressed and in UTF-8.
        dialect: The delimiter and the rest of its way of writing.
        has_header: Whether the first line holds names.

    """
    ways = [dialect]
    if (quotes := _count_quotes(plain, dialect.quote)) and dialect.quote:
        ways.append(replace(dialect, escape="\\"))
        if dialect.delimiter in _LITERAL_QUOTES:
            ways.append(replace(dialect, quote="", escape=""))
    failed: UnreadableTable | None = None
    for way in ways:
        reader = Reader(plain, way, _sql(plain, way, has_header=has_header), has_header)
        try:
            rows = _count(reader)
        except duckdb.Error as error:
            if "state machine" in str(error) and plain.name != "lines":
                even = _with_even_ends(plain)
                return checked_reader(path, even, dialect, has_header=has_header)
            failed = failed or _failure(path, error)
            continue
        if quotes and way.quote and way.delimiter in _LITERAL_QUOTES:
            _require_one_meaning(path, reader, rows)
        return reader
    assert failed is not None
    raise failed


def _count(reader: Reader) -> int:
    every = ", ".join(f"count(c{at})" for at in range(len(reader.dialect.first)))
    with duckdb.connect() as db:
        found = db.execute(f"select count(*), {every} from {reader.sql}").fetchall()
    return int(found[0][0])


def _require_one_meaning(path: Path, reader: Reader, rows: int) -> None:
    """Refuse a file that is even both with quotes around values and with quotes as letters."""
    literal = replace(reader.dialect, quote="", escape="")
    other = replace(
        reader,
        dialect=literal,
        sql=_sql(reader.path, literal, has_header=reader.has_header),
    )
    try:
        otherwise = _count(other)
    except duckdb.Error:
        return
    if otherwise != rows:
        why = f'its quotes (") make {rows} or {otherwise} rows of it: write it without, or as CSV'
        raise UnreadableTable(path, why)


def _failure(path: Path, error: duckdb.Error) -> UnreadableTable:
    text = str(error)
    line = _LINE.search(text)
    where = f"line {line[1]}" if line else "a line"
    if fields := _FIELDS.search(text):
        return UnreadableTable(path, f"{where} has {fields[2]} fields, not {fields[1]}"
                               " as the first line")  # fmt: skip
    if "quote" in text.splitlines()[0] or "unterminated quote" in text:
        return UnreadableTable(path, f"{where} has a quote that is not closed, or text after it")
    if "Maximum line size" in text:
        return UnreadableTable(path, f"{where} is longer than 2 MB: is a quote not closed?")
    return UnreadableTable(path, f"{where}: {text.splitlines()[0][:160]}")


def _with_even_ends(plain: Path) -> Path:
    """Rewrite a file with mixed line ends (CR LF, LF) and return the copy."""
    even = plain.with_name("lines")
    with plain.open(encoding="utf-8") as file, even.open("w", encoding="utf-8") as other:
        for line in file:  # Python makes LF of every end
            other.write(line)
    return even


def _count_quotes(path: Path, quote: str) -> int:
    with path.open("rb") as file:
        return sum(part.count(quote.encode()) for part in iter(lambda: file.read(1 << 20), b""))


def _sql(plain: Path, dialect: Dialect, *, has_header: bool) -> str:
    columns = ", ".join(f"'c{at}': 'varchar'" for at in range(len(dialect.first)))
    options = {
        "delim": dialect.delimiter,
        "quote": dialect.quote,
        "escape": dialect.escape,
        "encoding": "utf-8",
    }
    listed = ", ".join(f"{name} = {literal(value)}" for name, value in options.items())
    return (
        f"read_csv({literal(pattern_of(plain))}, auto_detect = false,"
        f" columns = {{{columns}}}, {listed},"
        f" header = {str(has_header).lower()}, skip = {dialect.skip}, strict_mode = true,"
        f" {NO_PARTITIONS}, compression = 'none')"
    )
