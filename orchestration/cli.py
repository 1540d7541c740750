"""`moovitamix`: the command line.

What a command needs it imports when it runs, so that help and queries answer at once. A failure is
one line on stderr and exit code 1; `--debug`, wherever it stands, shows the traceback.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.lock import hold
from orchestration.options import ApiUrl, AsOf, Day, FullRefresh, Wait
from orchestration.runs import Run, recorded
from orchestration.screen import Screen
from orchestration.settings import Settings, now

# What typer makes of Ctrl-C, and shells of any SIGINT.
INTERRUPTED = 130

app = typer.Typer(name="moovitamix", add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run one command and end the process with its exit code."""
    words = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        code = app(words, standalone_mode=False)
    except Exception as error:
        if "--debug" in sys.argv[1:]:
            raise
        from orchestration.errors import told

        typer.echo(f"moovitamix: {told(error)}", err=True)
        code = 1
    if code == INTERRUPTED:
        typer.echo("moovitamix: interrupted", err=True)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _moovitamix(
    context: typer.Context,
    debug: Annotated[  # noqa: ARG001 - `main` sees it
        bool, typer.Option("--debug", help="Show the traceback of a failure.")
    ] = False,
) -> None:
    """From the app's API to tested marts that anyone can query."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(api_url: ApiUrl = None, as_of: AsOf = None, wait: Wait = 0) -> None:
    """Live one day: ingest, build, publish; without an API, from the embedded source."""
    from orchestration import steps

    settings = _settings(api_url=api_url, as_of=as_of)
    if not settings.api_url:
        settings = _settings(as_of=settings.as_of or now().replace(microsecond=0))
    with _writing(settings, "run", wait) as day:
        steps.live_a_day(day)
    day.show_summary()
    _where_next(day.screen)


@app.command()
def simulate(
    days: Annotated[int, typer.Option(help="How many days.", min=1)],
    first: Day = None,
    wait: Wait = 0,
) -> None:
    """Live many days by the run's clock, from the embedded source: ingest, build, publish, each."""
    from orchestration.simulate import live_days

    screen = Screen(tells_steps=False)
    with hold((settings := _settings()).data_dir, "simulate", wait) as lock:
        live_days(settings, lock, screen, days=days, first=first and first.date())
    _where_next(screen)


@app.command()
def ingest(
    api_url: ApiUrl = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not just what is new.")] = False,
    wait: Wait = 0,
) -> None:
    """Pull what is new at the API into the lake."""
    from orchestration import steps

    with _writing(_settings(api_url=api_url), "ingest", wait) as day:
        steps.ingest(day, full=full)
    day.show_summary()


@app.command()
def build(full_refresh: FullRefresh = False, wait: Wait = 0) -> None:
    """Build and test the marts from the lake."""
    from orchestration import steps

    with _writing(_settings(), "build", wait) as day:
        steps.build(day, full_refresh=full_refresh)
    day.show_summary()


@app.command()
def publish(wait: Wait = 0) -> None:
    """Hand the build to its readers, if it is sealed."""
    from orchestration import steps

    with _writing(_settings(), "publish", wait) as day:
        steps.publish(day)
    day.show_summary()


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One query.", metavar="SQL")],
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list of rows.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, with a header.")] = False,
) -> None:
    """Ask the published file, read-only."""
    from orchestration import query

    answer = query.query(_settings(), sql)
    if as_json:
        typer.echo(query.to_json(answer))
    elif as_csv:
        typer.echo(query.to_csv(answer), nl=False)
    else:
        query.show(answer, Screen())


@app.command()
def status() -> None:
    """Say how things stand: the last run, the lake, the build, the publication, the lock."""
    from orchestration.status import facts

    Screen().table(["", ""], facts(_settings()))


@app.command()
def source(  # noqa: PLR0913, PLR0917 - the settings of a world, which a test or a bench sets one by one
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0: any free one.")] = None,
    as_of: AsOf = None,
    world: Annotated[Path | None, typer.Option(help="Serve this folder's Parquet files.")] = None,
    seed: Annotated[int | None, typer.Option(help="Every name and play follows from it.")] = None,
    users: Annotated[int | None, typer.Option(help="Users of a new world.")] = None,
    tracks: Annotated[int | None, typer.Option(help="Tracks of a new world.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of history of a new world.")] = None,
) -> None:
    """Serve the app's own API until interrupted; MOOVITAMIX_SOURCE_… sets the same."""
    asked: dict[str, Any] = {name: value for name, value in locals().items() if value is not None}
    from api.source.server import serve
    from api.source.settings import SourceSettings

    serve(SourceSettings(data_dir=_settings().data_dir, **asked))


def _settings(*, api_url: str | None = None, as_of: datetime | None = None) -> Settings:
    given: dict[str, Any] = {"api_url": api_url, "as_of": as_of}
    return Settings(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def _writing(settings: Settings, command: str, wait: float) -> Iterator[Run]:
    """Hold the writer lock and record the run, for one command."""
    with (
        hold(settings.data_dir, command, wait) as lock,
        recorded(settings, lock, Screen(), command) as run,
    ):
        yield run


def _where_next(screen: Screen) -> None:
    """Say where to look after a run."""
    program = sys.argv[0] if sys.argv[0].endswith("moovitamix") else "moovitamix"
    dbt = program.removesuffix("moovitamix") + "dbt"
    docs = "--project-dir dbt_project"
    screen.say(f'{program} query "select count(*) from fact_listen_history"   ask the marts')
    screen.say(f"{program} status   how things stand")
    screen.say(f"{dbt} docs generate {docs} && {dbt} docs serve {docs}   what every column means")


if __name__ == "__main__":
    main()
