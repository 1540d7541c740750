"""Canonical names: what differs in case, spaces or Unicode alone is one artist, album or title."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

NAMES = ("artist", "album", "title")
_ALIKE = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\u00b4": "'", "`": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    }
)  # fmt: skip
"""Quotes and dashes that one service writes as typographers do, another as keyboards."""


def canonical(text: str | None) -> str | None:
    """Return the form by which names are compared; None where nothing visible is written."""
    if text is None:
        return None
    visible = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    folded = unicodedata.normalize("NFKC", visible).casefold().translate(_ALIKE)
    return " ".join(unicodedata.normalize("NFKC", folded).split()) or None


def add_keys(db: duckdb.DuckDBPyConnection, table: str) -> None:
    """Add `artist_key`, `album_key` and `title_key` to a table, each name in its canonical form."""
    for name in NAMES:
        texts = [
            text
            for (text,) in db.execute(
                f"select distinct {name} from {table} where {name} is not null"
            ).fetchall()
        ]
        db.execute("create or replace temp table canonical_names (text varchar, key varchar)")
        _insert(db, texts)
        db.execute(f"alter table {table} add column if not exists {name}_key varchar")
        db.execute(
            f"update {table} set {name}_key = key from canonical_names where text = {table}.{name}"
        )
    db.execute("drop table canonical_names")


def _insert(db: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    import pyarrow as pa

    if texts:
        keys = [canonical(text) for text in texts]
        arrow = pa.table({"text": pa.array(texts), "key": pa.array(keys, pa.string())})
        db.register("named", arrow)
        db.execute("insert into canonical_names select text, key from named")
        db.unregister("named")
