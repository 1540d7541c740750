"""The dlt pipeline into the lake, with its configuration and errors."""

import logging
import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ingestion.errors import IngestionError, LoadFailed, PackageDamaged
from ingestion.pull import bookkeeping
from ingestion.settings import IngestionSettings
from lake.loads import DATASET, SOURCE

if TYPE_CHECKING:
    from dlt import Pipeline
    from dlt.extract import DltSource

LAYOUT = "{table_name}/load_date={YYYY}-{MM}-{DD}/{load_id}.{file_id}.{ext}"

# Rows that dlt buffers before it writes them: DuckDB's row group; dlt's default is 5,000.
ROWS_HELD, BYTES_HELD = 122_880, 32 * 1024 * 1024

_CONFIG: dict[str, Any] = {
    "runtime.dlthub_telemetry": False,
    "extract.next_item_mode": "fifo",  # `rejected` comes last, and completes the pull
    "schema.naming": "direct",  # columns as the API names them
    "data_writer.compression": "zstd",
    "data_writer.buffer_max_items": ROWS_HELD,
    "load.delete_completed_jobs": True,  # else every load stays on this disk a second time
    "load.workers": 4,
}


def reset(settings: IngestionSettings) -> None:
    """Delete dlt's working folder: files of a killed extraction would join the next load."""
    working_dir = settings.dlt_dir / SOURCE
    if working_dir.exists():
        shutil.rmtree(working_dir)


def open_pipeline(
    settings: IngestionSettings, as_of: datetime, record_bytes: float = 0.0
) -> "Pipeline":
    """Open the pipeline into the lake, whose files go into the folder of `as_of`'s date.

    Args:
        settings: Where the lake and dlt's working folder are.
        as_of: The load's instant.
        record_bytes: Bytes per record; of large ones dlt buffers fewer.
    """
    # dlt would import all of Airflow, four seconds, to look for secrets there; read at its import.
    os.environ.setdefault("PROVIDERS__ENABLE_AIRFLOW_SECRETS", "false")
    import dlt
    import pendulum

    logging.getLogger("dlt").setLevel(logging.ERROR)
    _leave_out_the_environment()
    for key, value in _CONFIG.items():
        dlt.config[key] = value
    if record_bytes * ROWS_HELD > BYTES_HELD:
        dlt.config["data_writer.buffer_max_items"] = max(int(BYTES_HELD / record_bytes), 1)
    lake = dlt.destinations.filesystem(
        bucket_url=settings.lake_url,
        layout=LAYOUT,
        current_datetime=pendulum.instance(as_of.replace(tzinfo=UTC)),
        warn_unsafe_layout_separators=False,  # no table of ours has a slash in its name
    )
    pipeline = dlt.pipeline(
        SOURCE, pipelines_dir=str(settings.dlt_dir), destination=lake, dataset_name=DATASET
    )
    pipeline.config.restore_from_destination = False  # the state is in `ops/load_verdicts`
    pipeline.config.enable_runtime_trace = False
    return pipeline


def _leave_out_the_environment() -> None:
    """Remove dlt's provider for the environment, of which it reads a bare `WORKERS` or `NAMING`."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.providers import EnvironProvider
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    known = Container()[PluggableRunContext].providers
    known.providers = [one for one in known.providers if not isinstance(one, EnvironProvider)]


def extract(pipeline: "Pipeline", source: "DltSource") -> None:
    """Extract the source into a pending package; raises the errors of its resources as they are."""
    try:
        pipeline.extract(source, loader_file_format="parquet")
    except Exception as error:
        raise _named(error, "extract") from error


def load(pipeline: "Pipeline", lake_url: str) -> None:
    """Load the pending package into the lake, if there is one.

    Raises:
        PackageDamaged: The package can't be read.
        LoadFailed: The lake can't be written.
    """
    try:
        if pipeline.has_pending_data:
            bookkeeping.repair(lake_url)
            _normalize(pipeline)
            pipeline.load()
    except PackageDamaged:
        raise
    except Exception as error:
        raise _named(error, "finish") from error


def _normalize(pipeline: "Pipeline") -> None:
    """Normalize the package, which only needs this disk: unless that is full, it is damaged."""
    try:
        pipeline.normalize()
    except Exception as error:
        named = _named(error, "finish")
        if isinstance(named, LoadFailed) and "No space left" not in str(named):
            raise PackageDamaged("finish", named.reason) from error
        raise named from error


def _named(error: BaseException, step: str) -> IngestionError:
    """Unwrap our own error from dlt's, else dlt's innermost error."""
    cause = error
    while not isinstance(cause, IngestionError) and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, IngestionError):
        return cause
    return LoadFailed(step, " ".join(str(cause).split()) or type(cause).__name__)
