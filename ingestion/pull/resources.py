"""The dlt source: a resource per table of the API, one of feedback, one of rejected records."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ingestion.pull.feedback import NewFeedback
from ingestion.pull.page_checks import Reading
from ingestion.source.pages import TablePages
from ingestion.source.tables import FEEDBACK, IDS, REJECTED
from lake.loads import SOURCE
from lake.schemas import TIMESTAMP, from_rows

if TYPE_CHECKING:
    from dlt.common.schema.typing import TColumnSchema
    from dlt.extract import DltResource, DltSource


OnComplete = Callable[[str], None]


def source(
    readings: list[tuple[Reading, TablePages]], feedback: NewFeedback | None, complete: OnComplete
) -> "DltSource":
    """The API's tables and feedback, one after the other; at the end `complete` gets the load id.

    Args:
        readings: The API's tables, each with its first page.
        feedback: The events of the inbox; None if there are none.
        complete: Runs before dlt keeps the extraction: an error in it discards everything.
    """
    import dlt

    @dlt.source(name=SOURCE)
    def api() -> list["DltResource"]:
        tables = [_table(reading, opened) for reading, opened in readings]
        if feedback:
            tables.append(_feedback(feedback))
        return [*tables, _rejected([reading for reading, _ in readings], complete)]

    return api()


def _table(reading: Reading, opened: TablePages) -> "DltResource":
    import dlt

    def batches() -> Iterator[Any]:
        declared = 0
        load_id = _load_id()
        for records in reading.batches(opened):
            batch = _marked(records, load_id)
            if len(reading.extras) > declared:
                declared = len(reading.extras)
                hints = dlt.mark.make_hints(columns=_hints(batch.schema))
                yield dlt.mark.with_hints(batch, hints)
            elif batch.num_rows:
                yield batch

    return _resource(reading.table.name, reading.table.columns, batches)


def _feedback(feedback: NewFeedback) -> "DltResource":
    def batches() -> Iterator[pa.Table]:
        load_id = _load_id()
        for records in feedback.batches():
            yield _marked(records, load_id)

    return _resource(FEEDBACK.name, FEEDBACK.columns, batches)


def _rejected(readings: list[Reading], complete: OnComplete) -> "DltResource":
    def rows() -> Iterator[pa.Table]:
        rejected = [
            {"table_name": reading.table.name, "record": one.record, "reason": one.fault.reason}
            for reading in readings
            for one in reading.rejected
        ]
        load_id = _load_id()
        if rejected:
            yield _marked(from_rows(rejected, REJECTED), load_id)
        complete(load_id)

    return _resource("rejected", REJECTED, rows)


def _resource(name: str, columns: pa.Schema, batches: Callable[[], Iterator[Any]]) -> "DltResource":
    import dlt

    return dlt.resource(batches, name=name, columns=_hints(columns), write_disposition="append")


def _load_id() -> str:
    """Return the id of the load that dlt is extracting."""
    from dlt.common.storages.load_package import load_package_state

    return load_package_state()["load_id"]


def _marked(records: pa.Table, load_id: str) -> pa.Table:
    """Add the load's id to records, as dlt would, but without importing pandas."""
    text = load_id.encode()
    ends = np.array([0, len(text)], np.int32)
    one = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(ends), pa.py_buffer(text)])
    zeros = pa.py_buffer(bytes(records.num_rows))
    all_the_first = pa.Array.from_buffers(pa.int8(), records.num_rows, [None, zeros])
    column = pa.chunked_array([pa.DictionaryArray.from_arrays(all_the_first, one)])
    return records.append_column(pa.field("_dlt_load_id", column.type), column)


def _hints(columns: pa.Schema) -> "dict[str, TColumnSchema]":
    return {column.name: _hint(column.type) for column in columns}


def _hint(data_type: pa.DataType) -> "TColumnSchema":
    if data_type == TIMESTAMP:  # else dlt makes an instant with a zone of it
        return {"data_type": "timestamp", "timezone": False, "precision": 6}
    if data_type == IDS:  # dlt has no lists: without a type it leaves Arrow's as it is
        return {}
    return {"data_type": "bigint" if data_type == pa.int64() else "text"}
