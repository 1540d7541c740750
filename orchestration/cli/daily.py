"""Commands of the daily run, whole or step by step."""

from pathlib import Path
from typing import Annotated

import typer

from lake.clock import utc_now
from orchestration.cli.context import (
    print_next_steps,
    require_right_settings,
    settings_for,
    writing,
)
from orchestration.cli.options import ApiUrl, AsOf, Day, Engine, FullRefresh, Wait, World
from orchestration.run.console import Console
from orchestration.run.lock import hold
from orchestration.run.settings import Settings

app = typer.Typer()


@app.command()
def run(api_url: ApiUrl = None, as_of: AsOf = None, world: World = None, wait: Wait = 0) -> None:
    """Run one day: ingest, build, publish, recommend; without an API, from the embedded source."""
    from orchestration.steps.day import run_daily

    settings = settings_for(api_url=api_url, as_of=as_of)
    if world or not settings.api_url:
        settings = _with_source(settings, world)
    with writing(settings, "run", wait) as day:
        run_daily(day, world=world)
    day.show_summary()
    print_next_steps(settings, day.console)


def _with_source(settings: Settings, world: Path | None) -> Settings:
    """Return settings whose clock stands still under the pull from the embedded source.

    A world that was imported ends with its exports: that it is quiet since then is no fault.
    """
    settings = settings_for(as_of=settings.as_of or utc_now().replace(microsecond=0))
    if world and settings.quiet_hours is None:
        settings = settings.model_copy(update={"quiet_hours": 0})
    return settings


@app.command()
def simulate(
    days: Annotated[int, typer.Option(help="How many days.", min=1)],
    first: Day = None,
    world: World = None,
    wait: Wait = 0,
) -> None:
    """Run many days by a simulated clock, from the embedded source: ingest, build, publish."""
    from orchestration.steps.simulate import simulate_days

    console = Console(shows_steps=False)
    settings = settings_for()
    require_right_settings(settings)
    with hold(settings.data_dir, "simulate", wait) as lock:
        simulate_days(settings, lock, console, days=days, first=first and first.date(), world=world)
    print_next_steps(settings, console)


@app.command()
def ingest(
    api_url: ApiUrl = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not just what is new.")] = False,
    wait: Wait = 0,
) -> None:
    """Pull what is new at the API into the lake."""
    from orchestration.steps import ingesting

    with writing(settings_for(api_url=api_url), "ingest", wait) as day:
        ingesting.ingest(day, full=full)
    day.show_summary()


@app.command()
def build(full_refresh: FullRefresh = False, wait: Wait = 0, target: Engine | None = None) -> None:
    """Build and test the marts from the lake."""
    from orchestration.steps import marts

    settings = settings_for(target=target)
    with writing(settings, "build", wait) as day:
        marts.build(day, full_refresh=full_refresh)
    day.show_summary()


@app.command()
def audit(api_url: ApiUrl = None, as_of: AsOf = None, world: World = None, wait: Wait = 0) -> None:
    """Pull everything, test every row, compare with the API, publish: once a week."""
    from orchestration.steps import marts

    settings = settings_for(api_url=api_url, as_of=as_of)
    if world or not settings.api_url:
        settings = _with_source(settings, world)
    with writing(settings, "audit", wait) as week:
        marts.audit(week, world=world)
    week.show_summary()


@app.command()
def publish(wait: Wait = 0, target: Engine | None = None) -> None:
    """Publish the build, if it is validated."""
    from orchestration.steps import marts

    with writing(settings_for(target=target), "publish", wait) as day:
        marts.publish(day)
    day.show_summary()
