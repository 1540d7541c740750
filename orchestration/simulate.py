"""Many days in minutes: each is an ordinary run that is given its own instant."""

from datetime import date, datetime, time, timedelta

from orchestration.lock import WriterLock
from orchestration.runs import Run, recorded
from orchestration.screen import Screen, count
from orchestration.settings import Settings, now
from orchestration.steps import live_a_day

# A day is lived at its end, when all that happened in it can be pulled.
END_OF_DAY = time(23, 59, 59)


def live_days(
    settings: Settings, lock: WriterLock, screen: Screen, *, days: int, first: date | None
) -> list[Run]:
    """Live `days` days one after another, from `first` or else from where the lake ends."""
    first = first or _day_after_the_lake(settings, days)
    lived = []
    for day in (first + timedelta(days=number) for number in range(days)):
        as_of = datetime.combine(day, END_OF_DAY)
        todays = settings.model_copy(update={"as_of": as_of})
        with recorded(todays, lock, screen, "simulate") as run:
            live_a_day(run)
        screen.say(_line(day, run))
        lived.append(run)
    return lived


def _day_after_the_lake(settings: Settings, days: int) -> date:
    """Return the day after the last accepted load's; for an empty lake, so that today is last."""
    from ingestion.lake import verdicts

    accepted = [
        load.as_of.date() for load in verdicts(settings.lake_url) if load.verdict == "accepted"
    ]
    today = now().date()
    return max(accepted) + timedelta(days=1) if accepted else today - timedelta(days=days - 1)


def _line(day: date, run: Run) -> str:
    told = [f"{step.name} {step.seconds:.1f} s {count(step.rows)}".strip() for step in run.steps]
    return f"{day}  {'  '.join(told)}"
