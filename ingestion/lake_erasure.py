"""Erasure of a person from the lake: raw records, texts in `ops/`, predictions, pending pull."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.erasure.person import Person
from ingestion.erasure.rejected import user_of
from ingestion.pull import pipeline
from ingestion.settings import IngestionSettings
from ingestion.source.tables import LAKE_TABLES
from lake import files, loads, log, rewriting
from lake.errors import DamagedFile
from lake.loads import DATASET
from lake.rewriting import Masks, TakeOut

FORGOTTEN = "forgotten"
PERSON_FIELDS = {table.name: table.person for table in LAKE_TABLES}


@dataclass(slots=True)
class LakeErasure:
    """The result of an erasure."""

    records: int = 0
    files: int = 0


def find(settings: IngestionSettings, user_id: int) -> Person:
    """Find every e-mail address and name that any record in the lake has for a user's id."""
    emails, names = set(), set()
    for users in _rows(settings, "users"):
        for user in users.filter(pc.equal(users["id"], user_id)).to_pylist():
            emails.add(user["email"])
            names.add((user["first_name"], user["last_name"]))
    return Person(user_id, frozenset(filter(None, emails)), frozenset(filter(all, names)))


def ids(settings: IngestionSettings) -> set[int]:
    """Find every user's id in the lake, in rejected records too."""
    found: set[int | None] = set()
    for table in LAKE_TABLES:
        for rows in _rows(settings, table.name) if table.person else ():
            found |= set(pc.unique(rows[table.person]).to_pylist())
    for rows in _rows(settings, "rejected"):
        found |= set(_users_of(rows))
    return {user_id for user_id in found if user_id is not None}


def drop_work_in_progress(settings: IngestionSettings) -> None:
    """Discard the pending pull: its window is pulled again, without the person."""
    pipeline.reset(settings)
    settings.pending_file.unlink(missing_ok=True)


def erase_texts(settings: IngestionSettings, person: Person) -> LakeErasure:
    """Erase a person from texts in `ops/`, and from rejected records."""
    storage, _ = fsspec.core.url_to_fs(settings.lake_url)
    done = LakeErasure()
    for table in log.tables(settings.lake_url):
        for folder in log.days(settings.lake_url, table):
            for path in files.current(storage, folder):
                done.files += _redact(storage, path, person)

    def take_out(rows: pa.Table) -> Masks:
        found = [
            user_id == person.user_id or person.is_mentioned_in(str(record))
            for user_id, record in zip(_users_of(rows), rows["record"].to_pylist(), strict=True)
        ]
        return {FORGOTTEN: pa.array(found, pa.bool_())}

    _erase_raw(settings, "rejected", take_out, done)
    return done


def erase_records(settings: IngestionSettings, person: Person) -> LakeErasure:
    """Rewrite every file with a record of a person; each counts how many were removed."""
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    done = LakeErasure()
    for table in LAKE_TABLES:
        if table.person:
            _erase_raw(settings, table.name, _records_of(person, table.person), done)
    for path in sorted(storage.glob(f"{root}/ml/**/*.parquet")):
        done.files += erase_rows(storage, str(path), person)
    return done


def erase_rows(storage: Any, path: str, person: Person) -> bool:  # noqa: ANN401
    """Remove a person's rows from a Parquet file, if it has a column `user_id`.

    Args:
        storage: The fsspec file system of the file.
        path: The file.
        person: The person to erase.

    Returns:
        Whether there were any.
    """
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


def _users_of(rejected: pa.Table) -> list[int | None]:
    """Return the user of each rejected record, where a field names one."""
    texts = zip(rejected["table_name"].to_pylist(), rejected["record"].to_pylist(), strict=True)
    return [user_of(str(record), PERSON_FIELDS.get(table)) for table, record in texts]


def _erase_raw(
    settings: IngestionSettings, table: str, take_out: TakeOut, done: LakeErasure
) -> None:
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    known = {one.load_id for one in loads.validation_results(settings.lake_url)}
    for folder in files.folders(storage, f"{root}/{DATASET}/{table}", "load_date"):
        found = files.current(storage, folder)
        files.sweep(storage, folder, found)
        for path in found:
            try:
                affected = rewriting.marks_any(storage, path, take_out)
            except DamagedFile:
                if files.is_compacted(path) or files.load_of(path) in known:
                    raise
                files.remove(storage, [path])  # incomplete after a kill: not of a load that counts
                continue
            if affected:
                before = files.footer(storage, path).removed.total()
                footer = rewriting.rewrite(storage, [path], files.compacted_path(folder), take_out)
                files.remove(storage, [path])
                done.records += footer.removed.total() - before
                done.files += 1


def _rows(settings: IngestionSettings, table: str) -> Iterator[pa.Table]:
    """The raw rows of a table, file by file, without files that a kill left incomplete."""
    storage, root = fsspec.core.url_to_fs(settings.lake_url)
    for folder in files.folders(storage, f"{root}/{DATASET}/{table}", "load_date"):
        for path in files.list_files(storage, folder):
            with storage.open(path, "rb") as file, suppress(pa.ArrowInvalid):
                yield pq.ParquetFile(file).read()


def _redact(storage: Any, path: str, person: Person) -> bool:  # noqa: ANN401
    """Redact the texts of a file in place; return whether it mentioned the person."""
    with files.reading(path), storage.open(path, "rb") as file:
        parquet = pq.ParquetFile(file)
        rows, footer = parquet.read(), files.footer(storage, path)
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
                writer.add_key_value_metadata(footer.lines())
    return changed
