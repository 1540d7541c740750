"""A file of listens made of exports, in the form that `read_log` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from lake.paths import literal
from ml.data.exports.reading_exports import exports_at, read_exports

if TYPE_CHECKING:
    from pathlib import Path

    from ml.data.external.reading_options import ReadingOptions


def listens_file(
    path: Path, folder: Path, options: ReadingOptions
) -> tuple[Path, list[str]] | None:
    """Write the listens of exports as Parquet, with `user_id`, `track_id` and `listened_at`.

    A track's id is its artist and title in canonical form.

    Args:
        path: a folder with an export for each person, or one export.
        folder: an empty folder for copies and the file.
        options: what the files leave open.

    Returns:
        The file and the lines of its report; None where no service's files are found.

    """
    exports = exports_at(path)
    if not exports:
        return None
    folder.mkdir()
    target = folder / f"{path.resolve().name}.parquet"
    with duckdb.connect() as db:
        report = read_exports(db, exports, options, folder)
        db.execute(
            "copy (select person as user_id,"
            " coalesce(artist_key, '') || ' - ' || title_key as track_id,"
            " started_at as listened_at, plays from plays order by person, started_at, track_id)"
            f" to {literal(target)} (format parquet)"
        )
    return target, report.lines()
