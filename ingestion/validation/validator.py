"""The process in which Great Expectations judges loads: `python -m ingestion.validation.validator`.

Its import takes five seconds, so it runs beside the pull. A line on standard input is a load, a
line on standard output what was found; it ends when its input does, and so with its parent.
"""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.source.tables import TABLES, sql_name
from ingestion.validation import data_docs
from ingestion.validation.bands import Band
from ingestion.validation.fills import Fill, column, fill
from ingestion.validation.suites import (
    against_usual,
    fill_column,
    plain_column,
    sameness_column,
    shape_column,
    suites,
)

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )

# Beyond this many rows a table is judged by a sample, always the same one of the same load.
SAMPLE, SEED = 200_000, 20_260_101
# Never a value: an address must not leave the lake by way of a page about it.
NO_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}


def main() -> None:
    """Judge what is asked for, one load at a time, until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints, the answers stay readable
    _context()  # takes five seconds the first time, and then none
    for line in sys.stdin:
        _answer(json.loads(line), answers)


def _context() -> "EphemeralDataContext":
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _answer(asked: dict[str, Any], answers: IO[str]) -> None:
    try:
        told = validate(asked)
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    print(json.dumps({"question": asked["question"], **told}), file=answers, flush=True)


def validate(asked: dict[str, Any]) -> dict[str, Any]:
    """Judge a load and write its pages; `asked` says which load, where, and the bands."""
    tables = {table.name: _read(asked, table.name) for table in TABLES}
    rows = {name: min(len(table), SAMPLE) for name, table in tables.items()}
    bands = {name: Band(**band) if band else None for name, band in asked["bands"].items()}
    fills = {
        column(name, one): fill(table[one])
        for name, table in tables.items()
        for one in table.column_names
        if one != "_dlt_load_id"
    }
    usual = {name: Fill(**one) for name, one in asked["usual"].items()}
    frames = {"load": _shape(tables, fills)} | {
        name: _frame(table) for name, table in tables.items() if len(table)
    }
    checks = suites(rows, bands, datetime.fromisoformat(asked["as_of"]))
    checks["load"] += against_usual(fills, usual)
    found = _validate(asked, frames, checks)
    return {
        "findings": found,
        "nulls": [
            {
                "table_name": name,
                "column_name": one,
                "rows": len(table),
                "nulls": (nulls := table[one].null_count),
                "blanks": len(table) - nulls - fills[column(name, one)].filled,
                "commonest": fills[column(name, one)].commonest,
            }
            for name, table in tables.items()
            for one in table.column_names
            if one != "_dlt_load_id"
        ],
        "sampled": [name for name, table in tables.items() if len(table) > SAMPLE],
    }


def _read(asked: dict[str, Any], table: str) -> pa.Table:
    """The rows of a load, out of its own files; without any, the declared columns, empty."""
    storage, root = fsspec.core.url_to_fs(asked["lake_url"])
    day = asked["as_of"][:10]
    found = storage.glob(f"{root}/raw/{table}/load_date={day}/{asked['load_id']}.*.parquet")
    parts = []
    for path in sorted(found):
        with storage.open(path, "rb") as file:
            parts.append(pq.ParquetFile(file).read())
    declared = next(one.columns for one in TABLES if one.name == table)
    return pa.concat_tables(parts, promote_options="default") if parts else declared.empty_table()


def _shape(tables: dict[str, pa.Table], fills: dict[str, Fill]) -> "pd.DataFrame":
    """One row: how many rows each table has, the type of each column, and how full it is."""
    import pandas as pd

    shape: dict[str, list[object]] = {}
    for name, table in tables.items():
        shape[shape_column(name, "rows")] = [len(table)]
        for declared in next(one.columns for one in TABLES if one.name == name):
            index = table.schema.get_field_index(declared.name)
            kind = sql_name(table.schema.field(index).type) if index >= 0 else "missing"
            shape[shape_column(name, declared.name)] = [kind]
    for name, one in fills.items():
        shape[fill_column(name)] = [one.share]
        shape[sameness_column(name)] = [one.sameness]
    return pd.DataFrame(shape)


def _frame(table: pa.Table) -> "pd.DataFrame":
    """The rows as pandas has them; of a list its length, and whether an id in it is impossible."""
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


def _validate(
    asked: dict[str, Any],
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
        judged = gx.ValidationDefinition(name=name, data=batch, suite=suite)
        result = judged.run(batch_parameters={"dataframe": frame}, result_format=NO_VALUES)
        found += [_finding(name, one) for one in result.results]
        pages.append((name, result))
    data_docs.write(Path(asked["pages"]), asked, pages)
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
    told = result.exception_info or {}
    return [told] if "raised_exception" in told else list(told.values())


if __name__ == "__main__":
    main()
