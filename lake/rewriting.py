"""Merge of a folder's Parquet files into one, row group by row group, without some records."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake import files
from lake.files import Footer

# DuckDB's row group; also what is held in memory at once.
ROWS = 122_880
LOAD_ID = "_dlt_load_id"

# Of some records, those to take out, by reason: a boolean for each record.
Masks = Mapping[str, pa.Array]
TakeOut = Callable[[pa.Table], Masks]


def rewrite(
    storage: Any,  # noqa: ANN401 - fsspec has no types
    sources: Sequence[str],
    target: str,
    take_out: TakeOut | None = None,
) -> Footer:
    """Write `target` out of `sources`, which its footer replaces; returns that footer.

    Columns are those of all sources; what `take_out` marks is left out, and counted by load.

    Args:
        storage: The file system (fsspec).
        sources: The files to merge.
        target: The file to write.
        take_out: Masks of the rows to leave out, by reason.

    """
    former = [files.footer(storage, source) for source in sources]
    schema = _schema(storage, sources)
    removed = sum((one.removed for one in former), Counter[tuple[str, str]]())
    loads = {load for one in former for load in one.loads}
    with (
        files.written(storage, target) as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for rows in _groups(storage, sources, schema):
            kept = rows
            if LOAD_ID in schema.names:
                loads |= set(pc.unique(rows[LOAD_ID]).to_pylist())
                kept = _remaining(rows, take_out(rows) if take_out else {}, removed)
            if len(kept):
                writer.write_table(kept, row_group_size=ROWS)
        footer = Footer(
            replaces=frozenset(
                [*map(files.name_of, sources), *(name for one in former for name in one.replaces)]
            ),
            loads=frozenset(loads),
            removed=removed,
        )
        writer.add_key_value_metadata(footer.lines())
    return footer


def marks_any(storage: Any, path: str, take_out: TakeOut) -> bool:  # noqa: ANN401
    """Whether a file holds anything to take out.

    Args:
        storage: The file system (fsspec).
        path: The file.
        take_out: Masks of the rows to leave out, by reason.

    """
    return any(
        pc.any(mask).as_py()
        for rows in _groups(storage, [path], _schema(storage, [path]))
        for mask in take_out(rows).values()
    )


def _remaining(rows: pa.Table, masks: Masks, removed: Counter[tuple[str, str]]) -> pa.Table:
    """The rows that no mask marks; those that one does are counted by the first reason."""
    gone: pa.Array = pa.array([False] * 0) if not len(rows) else pa.nulls(len(rows), pa.bool_())
    gone = pc.fill_null(gone, False)
    for why, mask in masks.items():
        mine = pc.and_(pc.fill_null(mask, False), pc.invert(gone))
        for count in pc.value_counts(rows[LOAD_ID].filter(mine)).to_pylist():
            removed[count["values"], why] += count["counts"]
        gone = pc.or_(gone, mine)
    return rows.filter(pc.invert(gone)) if masks else rows


def _schema(storage: Any, sources: Sequence[str]) -> pa.Schema:  # noqa: ANN401
    schemas = []
    for source in sources:
        with files.reading(source), storage.open(source, "rb") as file:
            schemas.append(_plain(pq.ParquetFile(file).schema_arrow))
    unified: pa.Schema = pa.unify_schemas(schemas, promote_options="permissive")
    return unified


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema with dictionaries as their values, and without metadata."""
    return pa.schema(
        [
            (one.name, one.type.value_type if pa.types.is_dictionary(one.type) else one.type)
            for one in schema
        ]
    )


def _groups(storage: Any, sources: Sequence[str], schema: pa.Schema) -> Iterator[pa.Table]:  # noqa: ANN401
    """All rows in their order, some hundred thousand at a time, however small the files."""
    waiting: list[pa.Table] = []
    for source in sources:
        with storage.open(source, "rb") as file:
            for batch in _batches(file, source):
                waiting.append(_fitted(batch, schema))
                if sum(map(len, waiting)) >= ROWS:
                    yield pa.concat_tables(waiting)
                    waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _batches(file: IO[bytes], path: str) -> Iterator[pa.RecordBatch]:
    with files.reading(path):
        batches = pq.ParquetFile(file).iter_batches(batch_size=ROWS)
    while True:
        with files.reading(path):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    columns = [
        batch.column(one.name).cast(one.type)
        if one.name in batch.schema.names
        else pa.nulls(batch.num_rows, one.type)
        for one in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
