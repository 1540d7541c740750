"""Commands for experiments: list, start, stop, decide."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.context import settings_for, writing
from orchestration.cli.options import AsOf, Wait
from orchestration.run.console import Console

if TYPE_CHECKING:
    from ml.experiments.definition import Experiment, StartedExperiment
    from ml.settings import MlSettings

app = typer.Typer()
experiment = typer.Typer(
    help="Experiments: models or settings compared by what their users then listen to.",
    no_args_is_help=True,
)
app.add_typer(experiment, name="experiment")

Name = Annotated[str, typer.Argument(help="The experiment, as its file names it.")]


@experiment.command("list")
def list_experiments() -> None:
    """List the experiments of the file and those that were ever started."""
    from ml.experiments.experiment_log import all_experiments
    from ml.experiments.experiments_file import read_experiments

    settings = _ml_settings()
    started = all_experiments(settings.lake_url)
    known = {one.name for one in started}
    asked = read_experiments(settings.experiments_file)
    rows = [row for one in started for row in _rows(one.experiment, _state(one))]
    for name, one in asked.items():
        if name not in known:
            rows += _rows(one, "not started")
    columns = ["experiment", "arm", "users", "version", "settings", "measured by", "state"]
    Console().table(columns, rows)


@experiment.command()
def start(name: Name, as_of: AsOf = None, wait: Wait = 0) -> None:
    """Start an experiment of the file: the next recommendations have its arms."""
    from orchestration.steps import experiments

    with writing(settings_for(as_of=as_of), "experiment", wait) as run:
        experiments.start(run, name)
    run.show_summary()


@experiment.command()
def stop(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")] = "asked for",
    as_of: AsOf = None,
    wait: Wait = 0,
) -> None:
    """Stop an experiment: the next recommendations have none of it. It can't start again."""
    from orchestration.steps import experiments

    with writing(settings_for(as_of=as_of), "experiment", wait) as run:
        experiments.stop(run, name, reason)
    run.show_summary()


@experiment.command()
def decide(
    name: Name,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make a model that is proven better champion.")
    ] = False,
    as_of: AsOf = None,
    wait: Wait = 0,
) -> None:
    """Say in one line what an experiment has shown; it may be asked every day."""
    from orchestration.steps import experiments

    if not promote:
        typer.echo(experiments.look(_ml_settings(), name)[1].line())
        return
    with writing(settings_for(as_of=as_of), "experiment", wait) as run:
        experiments.promote_winner(run, name)
    run.show_summary()


def _ml_settings() -> "MlSettings":
    from ml.settings import MlSettings

    ours = settings_for()
    return MlSettings(data_dir=ours.data_dir, lake_url=ours.lake_url)


def _state(one: "StartedExperiment") -> str:
    since = f"from {one.started_at:%Y-%m-%d} on"
    if one.stopped_at is None:
        return since
    return f"{one.started_at:%Y-%m-%d} to {one.stopped_at:%Y-%m-%d}: {one.reason}"


def _rows(one: "Experiment", state: str) -> list[tuple[str, ...]]:
    part = one.users[1] - one.users[0]
    return [
        (
            one.name,
            arm.name,
            f"{100 * part * arm.share:.3g} %",
            str(arm.model_version or "champion"),
            ", ".join(f"{key} = {value:g}" for key, value in arm.settings.items()),
            f"{one.kind}, {one.within_days} d",
            state,
        )
        for arm in one.arms
    ]
