"""The canary of a new champion: a model whose answers prove wrong is rolled back.

A champion is a canary from its promotion until its answers were once served and checked. What
goes wrong meanwhile rolls it back; what goes wrong later is reported, and changes no champion.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lake import publications
from lake.clock import utc_now
from orchestration.run.errors import BuildFailed, DeploymentUndone, ServedWrong, ServingDied
from orchestration.run.runs import Run
from orchestration.run.settings import SmokeSettings
from orchestration.steps.smoke import UNREACHABLE, smoke

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ml.settings import MlSettings

ASKED_USERS = 20
# Answers are marked stale by the wall clock; a run by a clock of the past makes old ones.
OF_THE_PAST_DAYS = 1


@contextmanager
def roll_back_on_failure(run: Run, restored_by: Callable[[Run], None]) -> Iterator[None]:
    """Roll a canary back if the steps inside fail because of its answers.

    Raises `DeploymentUndone` after the roll-back; any other failure as it came.
    """
    from ml.errors import DamagedModel, UnusableModel
    from ml.lifecycle.champion.rollback import can_roll_back

    try:
        yield
    except (BuildFailed, DamagedModel, UnusableModel, ServedWrong) as error:
        if served_well(run) or not can_roll_back(ml_settings(run)):
            raise
        after = roll_back_canary(run, str(error))
        restored_by(run)
        raise DeploymentUndone(str(error), after) from error


def roll_back_canary(run: Run, why: str) -> int:
    """Make the champion before the present one champion again, or a baseline; return its version.

    Raises `NothingToRollBackTo` where the present champion is a baseline, and the only one.
    """
    from ml.lifecycle.champion.rollback import roll_back

    with run.step("rollback") as step:
        now_champion = roll_back(ml_settings(run), why, run.run_id)
        step.what = f"version {now_champion.number} is champion now"
    return now_champion.number


def served_well(run: Run) -> bool:
    """Whether the champion's answers were found good since it became champion."""
    from ml.registry import registry

    since = registry.champion_since(ml_settings(run))
    good = _last_good_answers(run.settings.lake_url)
    return since is None or (good is not None and since < good)


def check_served(run: Run) -> str:
    """Ask the server that the settings name, or one of our own; return what was found good.

    Raises `ServedWrong` where an answer is, `ServingDied` where none comes.
    """
    version, users = _published(run)
    is_old = run.as_of is not None and (utc_now() - run.as_of).days >= OF_THE_PAST_DAYS
    with _server(run) as (url, key):
        wrong = smoke(
            url,
            key,
            users=users,
            model_version=version,
            may_be_old=is_old,
            patience=SmokeSettings().patience,
        )
    if wrong and wrong.startswith(UNREACHABLE):
        raise ServingDied(f"{url} can't be asked for recommendations: {wrong}")
    if wrong:
        raise ServedWrong(wrong)
    return f"version {version} answers well for {len(users)} users at {url}"


def _server(run: Run) -> "AbstractContextManager[tuple[str, str]]":
    from orchestration.steps.serving_process import embedded_serving

    asked = SmokeSettings()
    if asked.url and asked.key:
        return nullcontext((asked.url, asked.key.get_secret_value()))
    return embedded_serving(run.settings)


def _published(run: Run) -> tuple[int | None, list[int]]:
    """Return the champion's version, and some of the users that the published file has lists of."""
    from ml.errors import NoChampion
    from ml.registry import registry

    with publications.connect(run.settings.marts_file) as published:
        users = published.execute(
            "select distinct user_id from recommendations order by hash(user_id) limit ?",
            [ASKED_USERS],
        ).fetchall()
    try:
        version = registry.champion(ml_settings(run)).number
    except NoChampion:
        version = None
    return version, [user for (user,) in users]


def _last_good_answers(lake_url: str) -> datetime | None:
    """Return when a smoke check last succeeded, among the newest steps."""
    from lake import log

    for day in log.days(lake_url, "steps"):
        good: list[datetime] = [
            row["at"]
            for row in log.read(lake_url, "steps", [day])
            if row["step"] == "smoke" and row["outcome"] == "succeeded"
        ]
        if good:
            return max(good)
    return None


def ml_settings(run: Run) -> "MlSettings":
    """Return the models' settings, by the run's clock where it has one."""
    from ml.settings import MlSettings

    given: dict[str, Any] = {"as_of": run.as_of} if run.as_of else {}
    return MlSettings(data_dir=run.settings.data_dir, lake_url=run.settings.lake_url, **given)
