"""The steps from published marts to served recommendations: features, train, recommend, smoke.

Each can be called by itself, with what the lake and the published file hold and nothing else.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestration.run.runs import Run
from orchestration.steps.canary import (
    check_served,
    ml_settings,
    roll_back_canary,
    roll_back_on_failure,
    served_well,
)
from orchestration.steps.marts import build, publish

if TYPE_CHECKING:
    from ml.lifecycle.train import Training
    from ml.scoring.batch import Batch
    from orchestration.warehouse.build import Build


def make_recommendations(run: Run) -> None:
    """From published features to recommendations that are served: the end of a daily run.

    What fails here leaves the marts published, and the last good recommendations in place. A
    training that fails is reported at the end; the present champion recommends meanwhile.
    """
    failed: Exception | None = None
    try:
        train(run, if_due=True)
    except Exception as error:
        failed = error
    if recommend(run):
        smoke(run)
    if failed:
        run.at_work = "train"
        raise failed


def features(run: Run) -> None:
    """Build, test and publish what models learn from."""
    build_features(run)
    publish(run)


def build_features(run: Run) -> None:
    """Build and test what models learn from."""
    build(run, "features")


def train(
    run: Run, *, if_due: bool = False, budget: float | None = None, warm: bool = False
) -> "Training | None":
    """Train and evaluate a challenger; None where none is due, or there is too little.

    Where there is no champion a baseline becomes it first, so that no user waits for a training.

    Args:
        run: The run.
        if_due: Only if a training is due.
        budget: Work of the training instead of what the settings name.
        warm: Keep the settings of a learned champion, as `MOOVITAMIX_WARM_START` has it always.

    Raises:
        TooFewListens, NothingToLearnFrom: Only where a training was asked for.

    """
    from ml.errors import NothingToLearnFrom, TooFewListens
    from ml.lifecycle import train
    from ml.lifecycle.champion.first_champion import ensure_champion
    from ml.lifecycle.due import due
    from ml.registry.trainings import end_killed

    settings = ml_settings(run)
    if budget is not None:
        settings = settings.model_copy(update={"budget": budget})
    if warm:
        settings = settings.model_copy(update={"warm_start": True})
    with run.step("train") as step:
        end_killed(settings)
        try:
            champion = ensure_champion(settings, run.run_id)
            step.what = f"version {champion.number}, {champion.name}, is champion; "
            why = due(settings, run.run_id) if if_due else None
            if why and not why.is_due:
                step.what += why.why
                return None
            done = train.train(settings, run_id=run.run_id)
        except (NothingToLearnFrom, TooFewListens) as error:
            if not if_due:
                raise
            step.what += f"not trained: {error}"
            return None
        step.rows = done.listens
        step.what = f"version {done.version}, {done.decision.sentence}"
        step.what += f" (due: {why.why})" if why else ""
    return done


def recommend(run: Run) -> bool:
    """Score all users, build and test the recommendations, publish them.

    Returns whether they are the first of their model. A model that was just promoted and whose
    recommendations can't be made, or fail their tests, is rolled back.
    """
    score_on_trial(run)
    build_recommendations(run)
    publish(run)
    return not served_well(run)


def score_on_trial(run: Run) -> None:
    """Score all users; a canary that can't be used is rolled back."""
    with roll_back_on_failure(run, restored_by=_restore):
        score(run)


def build_recommendations(run: Run, nodes: Sequence[str] = ()) -> "Build":
    """Build and test the recommendations; a canary that fails the tests is rolled back."""
    with roll_back_on_failure(run, restored_by=_restore):
        return build(run, "recommendations", nodes=nodes)


def score(run: Run) -> "Batch | None":
    """Rank all tracks for all users by the champion; None without published features."""
    from ml.errors import NothingToLearnFrom
    from ml.scoring import recommend

    with run.step("score") as step:
        try:
            done = recommend.recommend(ml_settings(run), run.run_id)
        except NothingToLearnFrom as error:
            step.what = str(error)
            return None
        step.rows = done.recommendations
        step.what = f"version {done.model_version} for {done.users:,} users"
        step.what += f", {done.arms} arms of experiments" if done.arms else ""
        step.what = "; ".join([step.what, *done.stopped])
        step.warnings = list(done.stopped)
    return done


def smoke(run: Run) -> None:
    """Ask the served answers as an app would; a model that was just promoted goes if they fail."""
    with roll_back_on_failure(run, restored_by=_restore), run.step("smoke") as step:
        step.what = check_served(run)


def smoke_if_new(run: Run) -> None:
    """Ask the served answers where no answer of this champion was found good yet."""
    if not served_well(run):
        smoke(run)


def roll_back(run: Run, why: str) -> None:
    """Put the champion before the present one back, and its recommendations; publish them."""
    roll_back_canary(run, why)
    _restore(run)


def _restore(run: Run) -> None:
    """Publish the champion's recommendations: its own last ones, unless newer data came since."""
    from ml.scoring.recommend import newest_batch_is_current

    if not newest_batch_is_current(ml_settings(run)):
        score(run)
    build(run, "recommendations")
    publish(run)
