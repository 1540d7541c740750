"""The steps build, test and publish; each calls its folder and records results."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.run.error_messages import message_of
from orchestration.run.runs import Run
from orchestration.steps.ingesting import pull
from orchestration.warehouse.publishing.publication import MARTS

if TYPE_CHECKING:
    from orchestration.warehouse.build import Build
    from orchestration.warehouse.publishing.publication import Publication


def make_marts(run: Run) -> None:
    """Build and publish: source freshness first, and only a validated build is published."""
    freshness(run)
    build(run)
    publish(run)


def audit(run: Run, *, world: Path | None = None) -> "Publication":
    """Pull everything, test every row, and see that the marts hold all that the API has."""
    done = pull(run, full=True, world=world)
    freshness(run)
    build(run)
    test(run)
    reconcile(run, done.load_id)
    return publish(run)


def freshness(run: Run) -> None:
    """Stop a day whose data is too old, by the clock of its ingest."""
    from orchestration.warehouse import freshness

    with run.step("freshness") as step:
        found = freshness.freshness(run.by_its_clock, run_id=run.run_id, on_node=run.on_node)
        old = [str(one) for one in found if one.status == "warn"]
        step.what = "; ".join(old) or f"{len(found)} sources fresh"
        step.warnings = old


def build(
    run: Run, part: str = MARTS, *, full_refresh: bool = False, nodes: Sequence[str] = ()
) -> "Build":
    """Build and test a part of the build file; the marts are the one that is meant by itself.

    With `nodes` no more than these and what follows them, if the part may be built in pieces; on
    Spark it may not.

    Args:
        run: The run that asks: its settings, lock and console.
        part: A part of the build: marts, features, recommendations or monitoring.
        full_refresh: Whether it is built from the start.
        nodes: The ids of the only nodes to build; all by default.

    """
    from orchestration.warehouse.build import build_on_duckdb
    from orchestration.warehouse.build_file import has_marts, require_usable
    from orchestration.warehouse.engines.spark_build import build_on_spark

    is_marts = part == MARTS
    if not is_marts and run.settings.target == "dev":
        require_usable(run.settings.build_file)
        if not has_marts(run.settings.build_file):
            build(run)
    on_spark = is_marts and run.by_its_clock.target == "spark"
    build_part = build_on_spark if on_spark else partial(build_on_duckdb, nodes=nodes)
    with run.step("build" if is_marts else part) as step:
        done = build_part(
            run.by_its_clock,
            run.lock,
            part=part,
            full_refresh=full_refresh,
            run_id=run.run_id,
            on_start=run.console.update,
            on_node=run.on_node,
        )
        step.rows = done.rows
        step.what = f"{done.models} models, {done.tests} tests"
        step.what += ", built from the start" if is_marts and done.is_full_refresh else ""
        if done.quarantined:
            step.what += f"; {done.quarantined:,} of the newest load in quarantine"
        if done.warnings:
            step.what += f"; {len(done.warnings)} warned: {', '.join(done.warnings)}"
        step.warnings = done.warnings
    return done


def test(run: Run) -> None:
    """Test every row of the marts, where a build tests the new ones."""
    from orchestration.warehouse.build import check_every_row

    with run.step("test") as step:
        step.warnings = check_every_row(
            run.by_its_clock, run_id=run.run_id, on_start=run.console.update
        )
        step.what = "every data test, on every row"
        if step.warnings:
            step.what += f"; {len(step.warnings)} warned: {', '.join(step.warnings)}"


def reconcile(run: Run, load_id: str | None) -> None:
    """Compare a full pull with the marts, key by key."""
    from orchestration.steps import audit

    with run.step("reconcile") as step:
        found = audit.reconcile(run.settings, run.lock, load_id) if load_id else []
        step.rows = sum(one.sent for one in found)
        step.what = "; ".join(map(str, found)) or "the API has no records"


def publish(run: Run) -> "Publication":
    """Publish the validated build."""
    from orchestration.monitoring.measures import measure_build, measure_publication
    from orchestration.warehouse.build_file import removed_if_damaged
    from orchestration.warehouse.engines.handover import hand_over
    from orchestration.warehouse.publishing import publish

    with run.step("publish") as step, removed_if_damaged(run.settings.build_file):
        if run.settings.target == "spark":
            hand_over(run.settings, run.lock)
        unmeasured = _measured(measure_build, run.settings, run.run_id)
        done = publish.publish(run.settings, run.lock, run.run_id)
        unmeasured += _measured(measure_publication, run.by_its_clock, run.run_id, done)
        step.rows = sum(table.rows for table in done.tables)
        step.what = (
            f"version {done.version}: {len(done.tables)} tables, {done.bytes / 1e6:,.1f} MB"
            f" in {run.settings.marts_file}{unmeasured}"
        )
        step.what += f"; unchanged: {', '.join(done.kept)}" if done.kept else ""
        step.what += f"; what was there was not as published: {done.mended}" if done.mended else ""
    if run.settings.lakehouse.get_secret_value():
        share(run)
    return done


def share(run: Run) -> None:
    """Give what is published to the readers of the lakehouse too; one that is away stops no day."""
    from orchestration.run.errors import LakehouseMissing, LakehouseUnreachable
    from orchestration.warehouse.engines import lakehouse

    with run.step("share") as step:
        try:
            step.what = f"{lakehouse.share(run.settings)} tables in the lakehouse"
        except (LakehouseMissing, LakehouseUnreachable) as error:
            step.what = str(error)
            step.warnings = [step.what]


def _measured(measure: Callable[..., None], *what: Any) -> str:  # noqa: ANN401 - passed on
    """Measure something; what goes wrong is a word in the summary, for monitoring stops no day."""
    try:
        measure(*what)
    except Exception as error:
        return f"; not measured: {message_of(error)}"
    return ""
