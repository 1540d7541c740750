"""Simulation of many days: each is an ordinary run with a simulated clock."""

from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path

from lake import publications
from lake.atomic import draft_of
from lake.clock import utc_now
from orchestration.monitoring.alerts.notifications import Alerts
from orchestration.monitoring.monitor import monitor_after
from orchestration.run.console import Console, count
from orchestration.run.lock import WriterLock
from orchestration.run.runs import Run, recorded
from orchestration.run.settings import Settings
from orchestration.steps import ingesting, marts
from orchestration.steps.recommendations import features, make_recommendations
from orchestration.steps.simulator_process import embedded_source

# A day runs at its end, when all that happened in it can be pulled.
END_OF_DAY = time(23, 59, 59)
_LISTS = """
    select user_id, position, track_id
    from playlist_tracks
    inner join playlists using (playlist_id, user_id, day)
    where kind = 'discover' and day = (select max(day) from playlists)
    order by user_id, position
"""


def simulate_days(  # noqa: PLR0913 - what, how long and where
    settings: Settings,
    lock: WriterLock,
    console: Console,
    *,
    days: int,
    first: date | None,
    world: Path | None = None,
) -> list[Run]:
    """Run `days` days one after another, from `first` or else up to today at most.

    Args:
        settings: Of every day; the clock is each day's end.
        lock: Held by the caller.
        console: Where each day's line goes.
        days: How many.
        first: The first day.
        world: Parquet files to serve instead of the generated world.

    """
    end = datetime.combine(first or _first_day(settings, days), END_OF_DAY)
    clocks = [
        settings.model_copy(update={"as_of": end + timedelta(days=number)})
        for number in range(days)
    ]
    runs, listens = [], settings.listens_to_lists > 0
    with ExitStack() as sources:
        source = sources.enter_context(embedded_source(clocks[0], world))
        for today, tomorrow in zip_longest(clocks, clocks[1:]):
            with recorded(today, lock, console, "simulate", [Alerts()]) as run:
                ingesting.start(run, source)
                ingesting.ingest(run, api_url=source.url)
                sources.close()
                if tomorrow and not listens:  # starts while today is built: 2 s less a day
                    source = sources.enter_context(embedded_source(tomorrow, world))
                marts.build(run)
                if listens:
                    _hand_over_lists(run)
                else:
                    marts.publish(run)
            if tomorrow and listens:  # tomorrow's listening follows from today's lists
                source = sources.enter_context(embedded_source(tomorrow, world))
            console.print(_line(run))
            runs.append(run)
    monitor_after(runs[-1].by_its_clock, lock, console, runs[-1].run_id)
    return runs


def _hand_over_lists(run: Run) -> None:
    """Publish a built day with its recommendations, and give `discover` to the simulated app.

    The app knows nothing of ours: it reads the lists of a day as a file in its own folder.
    """
    features(run)
    make_recommendations(run)
    assert run.as_of is not None, "the day was ingested"
    folder = run.settings.data_dir / "source" / "lists"
    with run.step("lists") as step, publications.connect(run.settings.marts_file) as published:
        found = published.sql(_LISTS)
        step.rows = len(found)
        with draft_of(folder / f"{run.as_of:%Y-%m-%d}.parquet") as draft:
            found.write_parquet(str(draft))
        step.what = "discover, for the app's users to listen to"


def _first_day(settings: Settings, days: int) -> date:
    from lake.loads import validation_results

    accepted = [
        load.as_of.date()
        for load in validation_results(settings.lake_url)
        if load.verdict == "accepted"
    ]
    return first_day(max(accepted, default=None), utc_now().date(), days)


def first_day(newest: date | None, today: date, days: int) -> date:
    """Return the day after the lake's newest, but none whose last of `days` is beyond today.

    Args:
        newest: The lake's newest day.
        today: The last day there may be.
        days: How many days are simulated.

    """
    so_that_today_is_last = today - timedelta(days=days - 1)
    if newest is None:
        return so_that_today_is_last
    return min(newest + timedelta(days=1), so_that_today_is_last)


def _line(run: Run) -> str:
    steps = [f"{step.name} {step.seconds:.1f} s {count(step.rows)}".strip() for step in run.steps]
    return f"{run.settings.as_of:%Y-%m-%d}  {'  '.join(steps)}"
