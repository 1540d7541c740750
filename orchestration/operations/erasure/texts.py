"""Erasure of a person from text files: logs, reports, artifacts, compressed or plain."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.operations.erasure.tree import replacement
from orchestration.run.errors import NotErased

if TYPE_CHECKING:
    from ingestion.erasure.person import Person

Coding = Callable[[bytes], bytes]
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def redact(path: Path, person: "Person") -> bool:
    """Take the person out of a text file; raise `NotErased` where only its bytes name them."""
    content = path.read_bytes()
    unpack, pack = _coding(content)
    plain = unpack(content)
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        if any(sign in plain for sign in signs(person)):
            raise NotErased(path) from None
        return False
    redacted = person.redacted(text)
    if redacted == text:
        return False
    with replacement(path) as draft:
        draft.write_bytes(pack(redacted.encode()))
    return True


def signs(person: "Person") -> list[bytes]:
    """Return the bytes that stand for the person in any file, whatever its kind."""
    return [sign for email in person.emails for sign in {email.encode(), email.lower().encode()}]


def _coding(content: bytes) -> tuple[Coding, Coding]:
    """Return how a file is unpacked and packed, by its first bytes."""
    if content.startswith(_GZIP):
        return gzip.decompress, gzip.compress
    if content.startswith(_ZSTD):
        import pyarrow as pa

        return _unpacked_zstd, lambda plain: bytes(pa.compress(plain, "zstd", asbytes=True))
    return bytes, bytes


def _unpacked_zstd(content: bytes) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        return bytes(stream.read())
