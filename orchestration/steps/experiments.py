"""Steps of experiments: start one, stop one, promote what one has proven."""

from typing import TYPE_CHECKING

from orchestration.run.runs import Run
from orchestration.steps.canary import ml_settings

if TYPE_CHECKING:
    from ml.experiments.definition import StartedExperiment
    from ml.experiments.finding import Finding
    from ml.settings import MlSettings


def start(run: Run, name: str) -> None:
    """Start an experiment of the file: the next batch has its arms."""
    from ml.experiments.starting import start

    with run.step("experiment") as step:
        started = start(ml_settings(run), name, run.run_id)
        arms = ", ".join(
            f"{arm.name} {arm.share:.0%} (version {arm.model_version})"
            for arm in started.experiment.arms
        )
        step.what = f"{name} runs from {started.started_at:%Y-%m-%d %H:%M} UTC on: {arms}"


def stop(run: Run, name: str, reason: str) -> None:
    """Stop an experiment: the next batch gives its users the champion's lists.

    Args:
        run: The run that asks: its settings, lock and console.
        name: The experiment.
        reason: Why, for the record.

    """
    from ml.experiments.starting import stop

    with run.step("experiment") as step:
        stop(ml_settings(run), name, reason, run.run_id)
        step.what = f"{name} is stopped: {reason}"


def look(settings: "MlSettings", name: str) -> "tuple[StartedExperiment, Finding]":
    """Return an experiment and what it has shown so far."""
    from ml.experiments.finding import finding_of
    from ml.experiments.starting import find_started

    started = find_started(settings, name)
    return started, finding_of(settings, started)


def promote_winner(run: Run, name: str) -> None:
    """Make the model of the arm that is proven better champion, and stop the experiment.

    Raises `NothingProven` where no arm is, or where the arm has the champion's model.
    """
    from ml.experiments.errors import NothingProven
    from ml.experiments.starting import stop
    from ml.lifecycle.champion.challenger import promote
    from ml.registry import registry

    settings = ml_settings(run)
    with run.step("experiment") as step:
        started, finding = look(settings, name)
        winner, line = finding.winner, finding.line()
        if winner is None or winner.model_version is None or finding.has_odd_shares:
            raise NothingProven(line)
        is_champion = winner.model_version == registry.champion(settings).number
        if winner.settings:
            given = ", ".join(f"{key} = {value:g}" for key, value in winner.settings.items())
            raise NothingProven(f"{line}; {winner.name} differs by settings: set {given}")
        if not is_champion:
            sentence = f"version {winner.model_version} is promoted by an experiment, {line}"
            promote(settings, winner.model_version, sentence, finding.figures(), run.run_id)
        if not started.is_stopped:
            stop(settings, name, f"{winner.name} is promoted", run.run_id)
        step.what = f"version {winner.model_version} is champion; {line}"
