"""The validation process, with Great Expectations: `python -m ingestion.validation.validator`.

Its import takes five seconds, so it runs beside the pull. Each line of standard input is a request
to validate a load, each line of standard output an answer; it ends with its input.
"""

import gc
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.source.tables import FEEDBACK, LAKE_TABLES, sql_name
from ingestion.validation import data_docs
from ingestion.validation.bands import Band
from ingestion.validation.fills import Fill, column, fill
from ingestion.validation.lazy_modules import import_lazily
from ingestion.validation.suites.all_suites import suites
from ingestion.validation.suites.load_columns import (
    fill_column,
    plain_column,
    sameness_column,
    shape_column,
)
from ingestion.validation.suites.load_suite import against_usual

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )

# Great Expectations imports them, none of our suites uses them: a third of its 2.1 s.
UNUSED = ("scipy.stats", "altair")
# Larger tables are validated by a sample, the same one each time.
SAMPLE, SEED = 200_000, 20_260_101
# No values: an e-mail address must not leave the lake through a page about it.
NO_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}
LOAD_ID = "_dlt_load_id"


def main() -> None:
    """Answer requests, one load at a time, until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    # Imports keep what they make: looking through it for garbage is a fifth of their time.
    gc.set_threshold(100_000, 50, 100)
    import_lazily(*UNUSED)
    _context()  # the import takes seconds, once
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = validate(request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
        answer["request_id"] = request["request_id"]
        print(json.dumps(answer), file=answers, flush=True)


def _context() -> "EphemeralDataContext":
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def validate(request: dict[str, Any]) -> dict[str, Any]:
    """Validate a load and write its Data Docs; `request` has the load, its lake and the bands."""
    tables = {table.name: _read(request, table.name) for table in LAKE_TABLES}
    if not len(tables[FEEDBACK.name]):  # most loads have none
        del tables[FEEDBACK.name]
    rows = {name: min(len(table), SAMPLE) for name, table in tables.items()}
    bands = {name: Band(**band) if band else None for name, band in request["bands"].items()}
    usual = {name: Fill(**one) for name, one in request["usual"].items()}
    fills: dict[str, Fill] = {}
    nulls: list[dict[str, Any]] = []
    for name, table in tables.items():
        for one in table.column_names:
            if one == LOAD_ID:
                continue
            filled = fills[column(name, one)] = fill(table[one])
            empty = table[one].null_count
            nulls.append(
                {
                    "table_name": name,
                    "column_name": one,
                    "rows": len(table),
                    "nulls": empty,
                    "blanks": len(table) - empty - filled.filled,
                    "commonest": filled.commonest,
                }
            )
    frames = {"load": _shape(tables, fills)} | {
        name: _frame(table) for name, table in tables.items() if len(table)
    }
    checks = suites(rows, bands, datetime.fromisoformat(request["as_of"]))
    # what a client adds to its feedback is optional
    required = {name: one for name, one in fills.items() if FEEDBACK.name not in name.split(".")}
    checks["load"] += against_usual(required, usual)
    return {"findings": _run(request, frames, checks), "nulls": nulls}


def _read(request: dict[str, Any], table: str) -> pa.Table:
    """The rows of a load from its own files; without files, an empty table."""
    storage, root = fsspec.core.url_to_fs(request["lake_url"])
    day = request["as_of"][:10]
    found = storage.glob(f"{root}/raw/{table}/load_date={day}/{request['load_id']}.*.parquet")
    parts = []
    for path in sorted(found):
        with storage.open(path, "rb") as file:
            parts.append(pq.ParquetFile(file).read())
    declared = next(one.columns for one in LAKE_TABLES if one.name == table)
    return pa.concat_tables(parts, promote_options="default") if parts else declared.empty_table()


def _shape(tables: dict[str, pa.Table], fills: dict[str, Fill]) -> "pd.DataFrame":
    """The `load` batch, one row: number of rows per table, type of each column, how full it is."""
    import pandas as pd

    shape: dict[str, list[object]] = {}
    for name, table in tables.items():
        shape[shape_column(name, "rows")] = [len(table)]
        for declared in next(one.columns for one in LAKE_TABLES if one.name == name):
            index = table.schema.get_field_index(declared.name)
            kind = sql_name(table.schema.field(index).type) if index >= 0 else "missing"
            shape[shape_column(name, declared.name)] = [kind]
    for name, one in fills.items():
        shape[fill_column(name)] = [one.share]
        shape[sameness_column(name)] = [one.sameness]
    return pd.DataFrame(shape)


def _frame(table: pa.Table) -> "pd.DataFrame":
    """The rows for pandas; of a list its length, and whether it has an impossible id."""
    import numpy as np
    import pandas as pd

    if len(table) > SAMPLE:
        chosen = np.random.default_rng(SEED).choice(len(table), SAMPLE, replace=False)
        table = table.take(pa.array(np.sort(chosen)))
    if "items" in table.column_names:
        lists = table["items"].combine_chunks()
        table = table.drop_columns(["items"]).append_column(
            "items_count", pc.fill_null(pc.list_value_length(lists), 0)
        )
        table = table.append_column("items_broken", _broken(lists))
    wide = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=wide.get)
    return frame


def _broken(lists: pa.ListArray) -> pa.Array:
    items, owners = pc.list_flatten(lists), pc.list_parent_indices(lists)
    in_reach = pc.and_(pc.less_equal(items, 2**31 - 1), pc.greater_equal(items, -(2**31)))
    bad = pc.unique(owners.filter(pc.invert(pc.fill_null(in_reach, False))))
    return pc.is_in(pa.array(range(len(lists)), owners.type), bad)


def _run(
    request: dict[str, Any],
    frames: "dict[str, pd.DataFrame]",
    checks: dict[str, list[Any]],
) -> list[dict[str, Any]]:
    import great_expectations as gx

    context = _context()
    source = context.data_sources.add_pandas("lake")
    found, pages = [], []
    for name, frame in frames.items():
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("load")
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=checks[name]))
        validation = gx.ValidationDefinition(name=name, data=batch, suite=suite)
        result = validation.run(batch_parameters={"dataframe": frame}, result_format=NO_VALUES)
        found += [_finding(name, one) for one in result.results]
        pages.append((name, result))
    data_docs.write(Path(request["pages"]), request, pages)
    return found


def _finding(table: str, result: Any) -> dict[str, Any]:  # noqa: ANN401 - GX's result is untyped
    config, measured = result.expectation_config, result.result or {}
    raised = next(
        (one["exception_message"] for one in _raised(result) if one.get("raised_exception")), None
    )
    observed = measured.get("observed_value") or config.meta.get("observed")
    name = str(config.kwargs.get("column") or "")
    if table == "load":
        table, _, name = plain_column(name).partition(".")
    return {
        "table_name": table,
        "expectation": config.type,
        "column_name": name or None,
        "rule": config.meta["rule"],
        "severity": config.meta["severity"],
        "outcome": "passed" if result.success else "failed",
        "observed": raised or (None if observed is None else str(observed)),
        "evaluated": measured.get("element_count", 1),
        "unexpected": measured.get("unexpected_count", 0 if result.success else 1),
    }


def _raised(result: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    info = result.exception_info or {}
    return [info] if "raised_exception" in info else list(info.values())


if __name__ == "__main__":
    main()
