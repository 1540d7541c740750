"""Take a person out of the lake: raw records, texts of `ops/`, predictions, work in progress."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.erasure.person import Person
from ingestion.pull import pipeline
from ingestion.settings import IngestionSettings
from ingestion.source.tables import TABLES
from lake import files, loads, log, rewriting
from lake.errors import DamagedFile
from lake.loads import DATASET
from lake.rewriting import Masks, TakeOut

FORGOTTEN = "forgotten"


@dataclass(slots=True)
class Erased:
    """What was taken out of the lake."""

    records: int = 0
    files: int = 0


def find(settings: IngestionSettings, user_id: int) -> Person:
    """The person of an id, with every address and name that any record in the lake gave it."""
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    emails, names = set(), set()
    for path in _raw(storage, root, "users"):
        with storage.open(path, "rb") as file:
            users = _readable(file)
        if users is None:
            continue
        mine = users.filter(pc.equal(users["id"], user_id))
        emails |= {one for one in mine["email"].to_pylist() if one}
        both = zip(mine["first_name"].to_pylist(), mine["last_name"].to_pylist(), strict=True)
        names |= {(first, last) for first, last in both if first and last}
    return Person(user_id, frozenset(emails), frozenset(names))


def ids(settings: IngestionSettings) -> set[int]:
    """Every id of a person that any record in the lake has."""
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    found: set[int] = set()
    for table in (one for one in TABLES if one.person):
        for path in _raw(storage, root, table.name):
            with storage.open(path, "rb") as file:
                rows = _readable(file)
            if rows is not None:
                found |= set(pc.unique(rows[table.person]).to_pylist()) - {None}
    return found


def drop_work_in_progress(settings: IngestionSettings) -> None:
    """Give up a pull in flight: its window is asked for again, and the person is not in it."""
    pipeline.reset(settings)
    settings.pending_file.unlink(missing_ok=True)


def erase_texts(settings: IngestionSettings, person: Person) -> Erased:
    """Take the person out of what runs wrote about themselves, and of records set aside."""
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    done = Erased()
    for table in log.tables(settings.lake_url):
        for folder in log.days(settings.lake_url, table):
            for path in files.current(storage, folder):
                done.files += _redact(storage, path, person)

    def take_out(rows: pa.Table) -> Masks:
        told = [person.is_told_by(str(record)) for record in rows["record"].to_pylist()]
        return {FORGOTTEN: pa.array(told, pa.bool_())}

    _erase_raw(storage, root, "rejected", take_out, settings, done)
    return done


def erase_records(settings: IngestionSettings, person: Person) -> Erased:
    """Write every file anew that holds a record of the person, and say in it how many went."""
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    done = Erased()
    for table in (one for one in TABLES if one.person):
        _erase_raw(
            storage, root, table.name, _records_of(person, str(table.person)), settings, done
        )
    for path in sorted(storage.glob(f"{root}/ml/**/*.parquet")):
        done.files += erase_rows(storage, str(path), person)
    return done


def erase_rows(storage: Any, path: str, person: Person) -> bool:  # noqa: ANN401
    """Take a Parquet file's rows of the person out, if it has a column `user_id`."""
    with files.reading(path), storage.open(path, "rb") as file:
        rows = pq.ParquetFile(file).read()
    if "user_id" not in rows.column_names:
        return False
    mine = pc.fill_null(pc.equal(rows["user_id"], person.user_id), False)
    if not pc.any(mine).as_py():
        return False
    with files.written(storage, path) as file:
        pq.write_table(rows.filter(pc.invert(mine)), file, compression="zstd")
    return True


def _records_of(person: Person, column: str) -> TakeOut:
    def take_out(rows: pa.Table) -> Masks:
        mine = pc.equal(rows[column], person.user_id)
        if "email" in rows.column_names and person.emails:
            hers = pc.is_in(rows["email"], pa.array(sorted(person.emails), pa.string()))
            mine = pc.or_kleene(mine, pc.and_(pc.is_null(rows[column]), hers))
        return {FORGOTTEN: pc.fill_null(mine, False).combine_chunks()}

    return take_out


def _erase_raw(  # noqa: PLR0913, PLR0917
    storage: Any,  # noqa: ANN401
    root: str,
    table: str,
    take_out: TakeOut,
    settings: IngestionSettings,
    done: Erased,
) -> None:
    known = {one.load_id for one in loads.verdicts(settings.lake_url)}
    for folder in files.folders(storage, f"{root}/{DATASET}/{table}", "load_date"):
        found = files.current(storage, folder)
        files.sweep(storage, folder, found)
        for path in found:
            try:
                affected = rewriting.marks_any(storage, path, take_out)
            except DamagedFile:
                if files.is_compacted(path) or files.load_of(path) in known:
                    raise
                files.remove(storage, [path])  # torn by a kill: no load that counts
                continue
            if affected:
                before = files.footer(storage, path).removed.total()
                footer = rewriting.rewrite(storage, [path], files.compacted_path(folder), take_out)
                files.remove(storage, [path])
                done.records += footer.removed.total() - before
                done.files += 1


def _raw(storage: Any, root: str, table: str) -> Iterable[str]:  # noqa: ANN401
    for folder in files.folders(storage, f"{root}/{DATASET}/{table}", "load_date"):
        yield from files.listed(storage, folder)


def _readable(file: Any) -> pa.Table | None:  # noqa: ANN401
    try:
        return pq.ParquetFile(file).read()
    except pa.ArrowInvalid:  # torn by a kill
        return None


def _redact(storage: Any, path: str, person: Person) -> bool:  # noqa: ANN401
    """Take the person out of the texts of a file, in place; whether there was anything."""
    with files.reading(path), storage.open(path, "rb") as file:
        parquet = pq.ParquetFile(file)
        rows, notes = parquet.read(), files.footer(storage, path)
    changed = False
    for index, column in enumerate(rows.schema):
        if not pa.types.is_string(column.type) or column.name in {"run_id", "load_id"}:
            continue
        texts = rows[column.name].to_pylist()
        redacted = [text and person.redacted(text) for text in texts]
        if redacted != texts:
            rows = rows.set_column(index, column, pa.array(redacted, pa.string()))
            changed = True
    if changed:
        with (
            files.written(storage, path) as file,
            pq.ParquetWriter(file, rows.schema, compression="zstd") as writer,
        ):
            writer.write_table(rows)
            if files.is_compacted(path):
                writer.add_key_value_metadata(notes.lines())
    return changed
