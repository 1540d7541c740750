"""A given world: a directory of Parquet files with the API's fields."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from api.source.http.json_rendering import TABLES, engine, render
from api.source.layout import checked, files_of
from api.source.rows import FileRows, write_rows
from api.source.view import View, settled
from api.source.world.parameters import microseconds
from api.source.world.store import only_maker, replace_with

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class GivenWorld:
    """Every row of the given files whose `updated_at` the clock has reached, as it is.

    The rendered rows are kept under the data directory and made again when a file has changed.
    """

    def __init__(self, world: Path, folder: Path) -> None:
        place = hashlib.sha256(str(world).encode()).hexdigest()[:12]
        self._rendered = folder / "given" / place
        files = {table: files_of(world, table) for table in TABLES}
        self._rows = {table: self._open(table, files[table]) for table in TABLES}

    def at(self, clock: datetime) -> dict[str, View]:
        """Show each table as it stands at an instant."""
        now = microseconds(clock)
        return {table: View.of([settled(rows, now)]) for table, rows in self._rows.items()}

    def _open(self, table: str, files: list[Path]) -> FileRows:
        folder = self._rendered / f"{table}-{_fingerprint(files)}"
        with only_maker(self._rendered):
            if not folder.exists():
                for stale in self._rendered.glob(f"{table}-*"):
                    shutil.rmtree(stale)
                with (
                    replace_with(folder) as temporary,
                    engine(self._rendered / "spill") as connection,
                ):
                    relation, fields = checked(connection, table, files)
                    write_rows(render(connection, table, relation, fields), temporary)
            return FileRows.open(folder)


def _fingerprint(files: list[Path]) -> str:
    """A fingerprint of the files' state, taken without reading them."""
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]
