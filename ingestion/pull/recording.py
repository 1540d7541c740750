"""The rows that an ingest writes to `ops/`: its report, and the rows of each load."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from ingestion.pull.ingest_report import IngestReport, Pull, nothing_pulled
from ingestion.pull.pending import PendingPull
from ingestion.settings import IngestionSettings
from ingestion.source.health import Health
from ingestion.source.http import Call
from ingestion.source.tables import TABLES
from ingestion.source.window import Window
from ingestion.validation.raw_validation import Validation
from lake import loads, log
from lake.clock import utc_now
from lake.loads import ValidationResult


def record(settings: IngestionSettings, report: IngestReport) -> None:
    """Write the rows of an ingest; those of its load are written by `record_load`."""
    day = report.as_of.date()
    record_calls(settings, report.run_id, day, report.health, report.calls)
    if report.load_id is None:
        about = {
            "run_id": report.run_id,
            "load_id": None,
            "outcome": "failed" if report.error else "whole",
            "error": report.error,
            "as_of": report.as_of,
        }
        pulls = report.pulls or map(nothing_pulled, TABLES)
        log.append(settings.lake_url, "pulls", _rows(about, report.window, pulls), day)


def record_calls(
    settings: IngestionSettings,
    run_id: str,
    day: date,
    health: Health | None,
    calls: Mapping[str, list[Call]],
) -> None:
    """Write the result of the health check, and every request.

    Args:
        settings: Where the lake is.
        run_id: The run that sent the requests.
        day: The folder of the rows.
        health: The result of the health check, if there was one.
        calls: The requests by endpoint. Each is kept: percentiles of a day can't be computed from
            those of its pulls.
    """
    if health:
        row = {
            "run_id": run_id,
            "api_url": settings.api_url,
            "outcome": health.outcome,
            "error": health.error and str(health.error),
            "status": health.status,
            "response_ms": health.response_ms,
            "api_clock": health.clock,
            "checked_at": health.checked_at,
        }
        log.append(settings.lake_url, "api_health", [row], day)
    rows = [
        {"run_id": run_id, "endpoint": endpoint, "outcome": call.outcome, **asdict(call)}
        for endpoint, made in calls.items()
        for call in made
    ]
    for row in rows:
        del row["is_repeated"]
    if rows:
        log.append(settings.lake_url, "api_calls", rows, day)


def record_load(
    settings: IngestionSettings, pending: PendingPull, validation: Validation | None
) -> None:
    """Write the rows of a load under its own clock, the decision last; repeating it is safe.

    Args:
        settings: Where the lake is.
        pending: The pull that became the load.
        validation: What raw validation found; None if the load has been decided before.
    """
    about = {"run_id": pending.run_id, "load_id": pending.load_id}
    now = utc_now()

    def append(table: str, rows: list[dict[str, Any]]) -> None:
        log.append(settings.lake_url, table, rows, pending.as_of.date(), pending.load_id)

    whole = {**about, "outcome": "whole", "error": None, "as_of": pending.as_of}
    append("pulls", _rows(whole, pending.window, pending.pulls))
    if pending.new_columns:
        added = {"change": "added", "was": None, "is_now": "VARCHAR", "seen_at": pending.as_of}
        append(
            "schema_changes",
            [
                {**about, **added, "table_name": table, "column_name": column}
                for table, column in pending.new_columns
            ],
        )
    if validation:
        checked = {**about, "as_of": pending.as_of, "checked_at": now}
        measured = {**about, "place": "raw", "measured_at": now}
        append("quality_results", [{**checked, **one} for one in validation.findings])
        append("column_nulls", [{**measured, **one} for one in validation.nulls])
        loads.decide(settings.lake_url, decision(pending, validation.refusal), by="gate")


def decision(pending: PendingPull, refusal: str | None) -> ValidationResult:
    """Whether a load counts; `refusal` says why it doesn't."""
    return ValidationResult(
        load_id=pending.load_id,
        verdict="refused" if refusal else "accepted",
        reason=refusal,
        kind=pending.window.kind,
        as_of=pending.as_of,
        updated_since=pending.window.since,
        updated_until=pending.window.until,
        decided_at=utc_now(),
        run_id=pending.run_id,
    )


def _rows(
    about: dict[str, Any], window: Window | None, pulls: Iterable[Pull]
) -> list[dict[str, Any]]:
    about = {
        **about,
        "kind": window and window.kind,
        "updated_since": window and window.since,
        "updated_until": window and window.until,
    }
    rows = [{**about, "table_name": pull.table, **asdict(pull)} for pull in pulls]
    for row in rows:
        del row["table"]
    return rows
