"""Commands for recommendations: train, recommend, smoke, rollback."""

from typing import Annotated

import typer

from orchestration.cli.context import settings_for, writing
from orchestration.cli.options import AsOf, Wait

app = typer.Typer()


@app.command()
def features(as_of: AsOf = None, wait: Wait = 0) -> None:
    """Build, test and publish what models learn from."""
    from orchestration.steps import recommendations

    with writing(settings_for(as_of=as_of), "features", wait) as run:
        recommendations.features(run)
    run.show_summary()


@app.command()
def train(
    if_due: Annotated[
        bool,
        typer.Option("--if-due", help="Only without a champion, on the cadence, or on drift."),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(help="Work of the training, in seconds of two reference cores.", min=1),
    ] = None,
    warm: Annotated[
        bool, typer.Option("--warm", help="Keep the champion's settings, and search none.")
    ] = False,
    as_of: AsOf = None,
    wait: Wait = 0,
) -> None:
    """Train a model on the published features; promote it if it is measurably better."""
    from orchestration.steps import recommendations

    with writing(settings_for(as_of=as_of), "train", wait) as run:
        recommendations.train(run, if_due=if_due, budget=budget, warm=warm)
    run.show_summary()


@app.command()
def recommend(as_of: AsOf = None, wait: Wait = 0) -> None:
    """Rank all tracks for all users by the champion; test and publish the recommendations."""
    from orchestration.steps import recommendations

    with writing(settings_for(as_of=as_of), "recommend", wait) as run:
        if recommendations.recommend(run):
            recommendations.smoke(run)
    run.show_summary()


@app.command()
def smoke(wait: Wait = 0) -> None:
    """Ask the served answers as an app would; a model that is new goes if they are wrong."""
    from orchestration.steps import recommendations

    with writing(settings_for(), "smoke", wait) as run:
        recommendations.smoke(run)
    run.show_summary()


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")] = "asked for",
    as_of: AsOf = None,
    wait: Wait = 0,
) -> None:
    """Put the model before the present one back, and its recommendations; publish them."""
    from orchestration.steps import recommendations

    with writing(settings_for(as_of=as_of), "rollback", wait) as run:
        recommendations.roll_back(run, reason)
    run.show_summary()


@app.command()
def mlflow(
    port: Annotated[int, typer.Option(help="Of this machine.", min=1, max=65_535)] = 5000,
) -> None:
    """Open MLflow's pages, on this machine alone, until interrupted."""
    from ml.registry.mlflow_pages import show
    from ml.settings import MlSettings

    ours = settings_for()
    show(MlSettings(data_dir=ours.data_dir, lake_url=ours.lake_url), port)
