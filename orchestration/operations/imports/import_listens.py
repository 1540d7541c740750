"""Import of people's exports into a world that `moovitamix run --world` can live on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lake.clock import utc_now
from lake.paths import absolute
from orchestration.run.lock import hold

if TYPE_CHECKING:
    from ml.data.external.reading_options import ReadingOptions

WAIT_SECONDS = 60.0
"""For another import into the same world."""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import read and what the world then holds, a line each."""

    world: Path
    lines: list[str]


def import_listens(  # noqa: PLR0913 - what a person says of their files
    service: str,
    paths: list[str],
    world: Path,
    options: "ReadingOptions",
    *,
    columns: Mapping[str, str],
    gap_minutes: int,
    memory_limit: str,
    now: datetime | None = None,
) -> Import:
    """Add exports to a world, which is made if it is not there.

    Args:
        service: `spotify`, `lastfm`, `listenbrainz` or `csv`.
        paths: each `PATH` or `NAME=PATH`: a file, a folder or a ZIP archive of one person.
        world: the folder of the world.
        options: what the files leave open.
        columns: names of a table's columns, for `csv`.
        gap_minutes: a session ends where nothing plays for so long.
        memory_limit: of DuckDB.
        now: the instant of what changes in a world that was there.

    Raises:
        UnreadableTable: a file can't be read without a guess; the message names the place.
        NoImportedWorld: the folder holds something else.
        WarehouseBusy: another import still writes the world.

    """
    import duckdb

    from ml.data.exports.any_table import table_service
    from ml.data.exports.owners import people_of
    from ml.data.exports.reading_exports import SERVICES, read_exports
    from orchestration.operations.imports.world_files import require_world, write_world

    folder = absolute(world)
    require_world(folder)
    reader = SERVICES.get(service) or table_service(columns)
    exports = [(person, reader) for person in people_of(paths)]
    with TemporaryDirectory() as copies, duckdb.connect() as db:
        db.execute(f"set memory_limit = '{memory_limit}'")
        db.execute(f"set temp_directory = '{copies}/spill'")
        report = read_exports(db, exports, options, Path(copies))
        with hold(folder, "import", WAIT_SECONDS):
            line = write_world(db, folder, gap_minutes, now or utc_now())
    return Import(folder, [*report.lines(), line])
