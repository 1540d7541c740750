"""Decoding of files: unpacked, and text in UTF-8, so that DuckDB reads them."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import shutil
import zlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, cast

import pyarrow as pa

from ml.errors import UnreadableTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ\0": "xz"}
_OTHERS = {
    b"PK\x03\x04": "it is a ZIP archive or an Excel workbook: unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "it is an Excel workbook: save the sheet as CSV",
    b"SQLite format 3\0": "it is an SQLite database: export the table as CSV",
    b"ARROW1": "it is an Arrow file: save it as Parquet",
    b"ORC": "it is an ORC file: save it as Parquet",
    b"Obj\x01": "it is an Avro file: save it as Parquet",
    b"\x04\x22\x4d\x18": "it is packed with LZ4: unpack it",
    b"\x80\x04\x95": "it is a Python pickle: save it as Parquet",
    b"\x80\x05\x95": "it is a Python pickle: save it as Parquet",
    b"%PDF": "it is a PDF: give the table itself, as CSV",
}
_MARKS = {  # UTF-32 first: its mark begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A file that DuckDB reads as it is."""

    path: Path
    is_parquet: bool
    encoding: str = "utf-8"
    packed: bool = False


def decode(path: Path, folder: Path, encoding: str | None) -> DecodedFile:
    """Return `path` unpacked and in UTF-8, under a name in `folder` that holds letters only.

    Args:
        path: the file as it was given.
        folder: an empty folder for copies and links.
        encoding: of text that is not UTF-8, where the person names it.

    Raises:
        UnreadableTable: it is no file, is empty, or is in a form or an encoding that is not read.

    """
    if path.is_dir():
        names = sorted(its.name for its in path.iterdir())
        such = f", such as {path / names[0]}" if names else ""
        raise UnreadableTable(path, f"it is a folder: name one file{such}")
    if not path.exists():
        raise UnreadableTable(path, "there is no such file")
    try:
        return _decode(path, folder, encoding)
    except _BROKEN as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableTable(path, f"it is damaged or can't be opened ({why})") from error


def _decode(path: Path, folder: Path, encoding: str | None) -> DecodedFile:
    plain = folder / "plain"
    packed = False
    if path.is_file():
        plain.symlink_to(path.resolve())
    else:  # a pipe is read once
        _copy(path.open("rb"), plain)
    head = _head(plain)
    for magic, packing in _PACKED.items():
        if head.startswith(magic):
            plain, packed = folder / "unpacked", True
            _copy(_unpacked(folder / "plain", packing), plain)
            head = _head(plain)
            break
    if head.startswith(b"PAR1"):
        return DecodedFile(plain, is_parquet=True, packed=packed)
    for magic, why in _OTHERS.items():
        if head.startswith(magic):
            raise UnreadableTable(path, why)
    used = _encoding(path, plain, head, encoding)
    if used is not None:
        text = folder / "text"
        _transcode(path, plain, text, used)
        return DecodedFile(text, is_parquet=False, encoding=used, packed=packed)
    return DecodedFile(plain, is_parquet=False, packed=packed)


def _unpacked(path: Path, packing: str) -> BinaryIO:
    if packing == "zstd":
        return cast("BinaryIO", pa.input_stream(path, compression="zstd"))
    if packing == "gzip":
        return cast("BinaryIO", gzip.open(path))
    return cast("BinaryIO", bz2.open(path) if packing == "bz2" else lzma.open(path))


def _copy(source: BinaryIO, target: Path) -> None:
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _encoding(path: Path, plain: Path, head: bytes, asked: str | None) -> str | None:
    """Return what the text has to be decoded from; none where it is UTF-8 without a mark."""
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    if asked is not None:
        _require_known(path, asked)
    elif b"\0" in head:
        raise UnreadableTable(path, _about_zeros(head))
    fault = _first_fault(plain)
    if fault is None:  # with no letter beyond ASCII, or with letters that are UTF-8 by no chance
        return asked if asked is not None and not _has_letters(plain) else None
    if asked is None:
        raise UnreadableTable(path, _about_bytes(*fault))
    return asked


def _require_known(path: Path, encoding: str) -> None:
    try:
        "".encode(encoding)
    except LookupError as error:
        raise UnreadableTable(path, f"no encoding of text is called {encoding}") from error


def _about_bytes(line: int, byte: int) -> str:
    if not byte:
        return f"line {line} holds a zero byte: it is no text"
    return (
        f"line {line} holds the byte 0x{byte:02X}, which is not UTF-8:"
        " name the encoding, such as --encoding cp1252 or latin-1"
    )


def _about_zeros(head: bytes) -> str:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 4:
        line = head[: head.index(b"\0")].count(b"\n") + 1
        return f"line {line} holds a zero byte: it is no text, and no Parquet"
    order = "utf-16-le" if odd > even else "utf-16-be"
    return f"it looks like UTF-16 without a byte order mark: --encoding {order} says so"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _first_fault(path: Path) -> tuple[int, int] | None:
    """Return the line and the byte where text stops being UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    for chunk in _chunks(path):
        if b"\0" in chunk:
            return line + chunk[: chunk.index(b"\0")].count(b"\n"), 0
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            return line + before.count(b"\n"), error.object[error.start]
        line += chunk.count(b"\n")
    if left := decoder.getstate()[0]:
        return line, left[0]
    return None


def _has_letters(path: Path) -> bool:
    return any(not chunk.isascii() for chunk in _chunks(path))


def _transcode(path: Path, plain: Path, text: Path, encoding: str) -> None:
    line = 1
    decoder = codecs.getincrementaldecoder(encoding)()
    with text.open("w", encoding="utf-8", newline="") as file:
        for chunk in chain(_chunks(plain), [b""]):
            try:
                part = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                why = f"line {line} or one soon after it is not {encoding}: {error.reason}"
                raise UnreadableTable(path, why) from error
            line += part.count("\n")
            file.write(part)
