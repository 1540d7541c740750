"""dlt, told where the lake is and how to write it; the rest of the package asks it through here."""

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

# Rows that dlt holds back before it writes them: DuckDB's row group; dlt's own default is 5,000.
ROWS_HELD, BYTES_HELD = 122_880, 32 * 1024 * 1024

_CONFIG: dict[str, Any] = {
    "runtime.dlthub_telemetry": False,
    "extract.next_item_mode": "fifo",  # `rejected` and its seal come last
    "schema.naming": "direct",  # columns as the API names them
    "data_writer.compression": "zstd",
    "data_writer.buffer_max_items": ROWS_HELD,
    "load.delete_completed_jobs": True,  # else every load stays on this disk a second time
    "load.workers": 4,
}


def reset(settings: IngestionSettings) -> None:
    """Forget what dlt keeps on this disk: a killed extraction's files would join the next load."""
    working_dir = settings.dlt_dir / SOURCE
    if working_dir.exists():
        shutil.rmtree(working_dir)


def open_pipeline(
    settings: IngestionSettings, as_of: datetime, record_bytes: float = 0.0
) -> "Pipeline":
    """The pipeline into the lake whose files lie under `as_of`'s date, on whatever day they do.

    Where a record takes many bytes, dlt holds fewer of them back.
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
    pipeline.config.restore_from_destination = False  # the lake's verdicts are our state
    pipeline.config.enable_runtime_trace = False
    return pipeline


def _leave_out_the_environment() -> None:
    """Set dlt here alone: of the environment it reads a bare `WORKERS` or `NAMING` too."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.providers import EnvironProvider
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    known = Container()[PluggableRunContext].providers
    known.providers = [one for one in known.providers if not isinstance(one, EnvironProvider)]


def extract(pipeline: "Pipeline", source: "DltSource") -> None:
    """Read the source to its end into a pending package; what a resource raises comes through."""
    try:
        pipeline.extract(source, loader_file_format="parquet")
    except Exception as error:
        raise _named(error, "extract") from error


def load(pipeline: "Pipeline", lake_url: str) -> None:
    """Bring what is pending into the lake, if anything is.

    Raises `PackageDamaged`, `LoadFailed`.
    """
    try:
        if pipeline.has_pending_data:
            bookkeeping.mend(lake_url)
            _normalize(pipeline)
            pipeline.load()
    except PackageDamaged:
        raise
    except Exception as error:
        raise _named(error, "finish") from error


def _normalize(pipeline: "Pipeline") -> None:
    """Do what needs this disk alone: unless it is full, what fails is the package."""
    try:
        pipeline.normalize()
    except Exception as error:
        named = _named(error, "finish")
        if isinstance(named, LoadFailed) and "No space left" not in str(named):
            raise PackageDamaged("finish", named.reason) from error
        raise named from error


def _named(error: BaseException, step: str) -> IngestionError:
    """Our own error, out of the ones dlt wrapped it in, or dlt's innermost one."""
    cause = error
    while not isinstance(cause, IngestionError) and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, IngestionError):
        return cause
    return LoadFailed(step, " ".join(str(cause).split()) or type(cause).__name__)
