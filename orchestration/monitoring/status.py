"""The current state, from what the runs recorded."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from lake import publications
from lake.clock import utc_now
from lake.errors import LakeError, NothingPublished
from orchestration.run.console import count
from orchestration.run.error_messages import message_of
from orchestration.run.lock import holder_of
from orchestration.run.settings import Settings
from orchestration.warehouse.build_file import is_damage
from orchestration.warehouse.catalog import rows_of_tables


def facts(settings: Settings) -> list[tuple[str, str]]:
    """Return the state of each part as (part, state)."""
    holder = holder_of(settings.data_dir)
    return [
        ("writer lock", str(holder) if holder else "free"),
        ("last run", _or_why(lambda: _last_run(settings.lake_url, is_locked=holder is not None))),
        ("last load", _or_why(lambda: _last_load(settings.lake_url))),
        ("build", "being written" if holder else _build(settings)),
        ("published", _publication(settings)),
        *_forgetting(settings.lake_url),
    ]


def _or_why(look: Callable[[], str]) -> str:
    """The result of a check, or why it failed: one damaged file must not hide the rest."""
    try:
        return look()
    except Exception as error:
        return f"not known: {message_of(error)}"


def crashed_run(lake_url: str) -> dict[str, Any] | None:
    """Return the `started` row of the newest run if it has no end; only while none is under way."""
    rows = _rows_of_runs(lake_url)
    started = max((row for row in rows if row["event"] == "started"), key=_at, default=None)
    ends = [row for row in rows if row["event"] == "finished" and started and _is_of(row, started)]
    return None if ends else started


def _rows_of_runs(lake_url: str) -> list[dict[str, Any]]:
    """The newest two days of runs: one that began before midnight may have ended after it."""
    from lake import log

    days = log.days(lake_url, "runs")
    return log.read(lake_url, "runs", days[:2]) if days else []


def _forgetting(lake_url: str) -> list[tuple[str, str]]:
    found = _or_why(lambda: _unfinished(lake_url))
    return [("forgetting", found)] if found else []


def _unfinished(lake_url: str) -> str:
    from ingestion.erasure.forgotten import unfinished

    count_of = unfinished(lake_url)
    once_more = "give the same `moovitamix forget` again"
    return f"{count_of} started and not finished: {once_more}" if count_of else ""


def _last_run(lake_url: str, *, is_locked: bool) -> str:
    rows = _rows_of_runs(lake_url)
    if not rows:
        return "none yet"
    started = max((row for row in rows if row["event"] == "started"), key=_at, default=None)
    if started is None:
        return "began before the newest two days in the lake"
    ends = [row for row in rows if row["event"] == "finished" and _is_of(row, started)]
    about = f"{started['run_id']} ({started['command']}), began {_ago(started['at'])}"
    if not ends:
        return f"{about}: {'running' if is_locked else 'crashed'}"
    end = ends[0]
    error = f": {end['error']}" if end["error"] else ""
    return f"{about}: {end['outcome']} after {_span(end['at'] - started['at'])}{error}"


def _last_load(lake_url: str) -> str:
    from lake.loads import validation_results

    accepted = [load for load in validation_results(lake_url) if load.verdict == "accepted"]
    if not accepted:
        return "none accepted yet"
    load = accepted[-1]
    return f"{load.load_id} ({load.kind}), as of {_ago(load.as_of)}; {len(accepted)} loads in all"


def _build(settings: Settings) -> str:
    import duckdb

    if not settings.build_file.exists():
        return "none yet"
    try:
        with duckdb.connect(settings.build_file, read_only=True) as built:
            status, started_at, validated_at = built.sql(
                "select status, started_at, validated_at from ledger.state"
                " order by status = 'validated', started_at desc"
            ).fetchall()[0]
    except duckdb.IOException as error:
        return "damaged: the next build makes it again" if is_damage(error) else "open elsewhere"
    except duckdb.BinderException:
        return "built by an earlier version; the next build starts over"
    except (duckdb.CatalogException, IndexError):
        return "not built yet"
    if status == "validated":
        return f"validated {_ago(validated_at)}"
    return f"{status}: started {_ago(started_at)} and failed or not ended; the next starts over"


def _publication(settings: Settings) -> str:
    import duckdb

    try:
        with publications.connect(settings.marts_file) as published:
            version, built_at, published_at = published.sql(
                "select version, built_at, published_at from publication"
            ).fetchall()[0]
            rows = rows_of_tables(published)
    except NothingPublished:
        return "nothing yet"
    except LakeError as error:
        return str(error)
    except (duckdb.Error, IndexError) as error:
        return f"{settings.marts_file} can't be read: {str(error).splitlines()[0]}"
    data = f"data as of {_ago(built_at)}" if built_at else "no data yet"
    counts = ", ".join(
        f"{table} {count(n)}" for table, n in rows.items() if not table.startswith("publication")
    )
    return f"version {version}, published {_ago(published_at)}; {data}; rows: {counts}"


def _at(row: dict[str, Any]) -> datetime:
    instant: datetime = row["at"]
    return instant


def _is_of(row: dict[str, Any], started: dict[str, Any]) -> bool:
    return bool(row["run_id"] == started["run_id"])


def _ago(instant: datetime) -> str:
    age = utc_now() - instant
    if age < timedelta(0):
        return f"{instant:%Y-%m-%d %H:%M:%S} (in {_span(-age)})"
    return f"{instant:%Y-%m-%d %H:%M:%S} ({_span(age)} ago)"


def _span(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
