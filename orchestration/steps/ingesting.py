"""The steps that bring the app's records into the lake, and accept what was refused."""

from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.run.runs import Run
from orchestration.run.settings import Settings
from orchestration.steps.simulator_process import EmbeddedSource, embedded_source

if TYPE_CHECKING:
    from ingestion.pull.ingest_report import IngestReport


def pull(run: Run, *, full: bool = False, world: Path | None = None) -> "IngestReport":
    """Ingest from the API that the settings name, or else from the embedded source.

    Args:
        run: The run that asks: its settings, lock and console.
        full: Whether everything is pulled, not only what is new.
        world: The folder of the embedded source's records.

    """
    begin_gate()
    if run.settings.api_url and not world:
        return ingest(run, full=full)
    with embedded_source(run.settings, world) as source:
        start(run, source)
        return ingest(run, api_url=source.url, full=full)


def start(run: Run, source: EmbeddedSource) -> None:
    """Wait until the embedded source answers, and use the time to load what the day needs.

    dlt and dbt take 5 s to import on one core, the source 2 s to start on the other: 2 s less of
    16 than one after the other.
    """
    with run.step("start") as step:
        import_module("ingestion.pull.ingest")
        import_module("dbt.cli.main")
        source.wait_until_it_answers()
        step.what = f"the app's API at {source.url}"


def begin_gate() -> None:
    """Start the validation process first: importing Great Expectations takes five seconds."""
    from ingestion.validation import raw_validation

    raw_validation.get_process()


def ingest(run: Run, *, api_url: str | None = None, full: bool = False) -> "IngestReport":
    """Pull what is new into the lake, by default from the API that the settings name.

    Args:
        run: The run that asks: its settings, lock and console.
        api_url: The API; by default the one of the settings.
        full: Whether everything is pulled, not only what is new.

    """
    from ingestion.pull import ingest
    from ingestion.settings import IngestionSettings

    with run.step("ingest") as step:
        settings = IngestionSettings(**_shared(run.settings, api_url))
        done = ingest.ingest(settings, as_of=run.settings.as_of, full=full, run_id=run.run_id)
        run.as_of = done.as_of
        step.rows = sum(one.received for one in done.pulls)
        step.attempts = done.attempts
        step.what = what_came(done)
    return done


def accept(run: Run, what: str, reason: str) -> None:
    """Accept a refused load, or the volume of a day (YYYY-MM-DD).

    Args:
        run: The run that asks: its settings, lock and console.
        what: A load id or a day.
        reason: Why, for the record.

    """
    from ingestion.settings import IngestionSettings
    from ingestion.validation import accept

    with run.step("accept") as step:
        settings = IngestionSettings(**_shared(run.settings, None))
        try:
            day = date.fromisoformat(what)
        except ValueError:
            done = accept.accept(settings, what, reason, run.run_id)
            step.what = f"load {what} ({done.kind}) counts from the next build on"
        else:
            accept.accept_day(settings, day, reason, run.run_id)
            step.what = f"the volume of {day} is no fault from the next build on"


def what_came(done: "IngestReport") -> str:
    """Warn of what a person should know of an ingest besides its rows."""
    summary = f"{done.kind} pull, as of {done.as_of:%Y-%m-%d %H:%M:%S}"
    if done.finished:
        summary += f"; finished first what a crash left: {', '.join(done.finished)}"
    if rejected := sum(one.rejected for one in done.pulls):
        summary += f"; {rejected:,} rejected records in raw/rejected"
    if done.new_columns:
        new = ", ".join(".".join(column) for column in done.new_columns)
        summary += f"; new columns: {new}"
    return summary


def _shared(settings: Settings, api_url: str | None) -> dict[str, Any]:
    given = {"data_dir": settings.data_dir, "lake_url": settings.lake_url, **settings.credentials}
    return given | ({"api_url": url} if (url := api_url or settings.api_url) else {})
