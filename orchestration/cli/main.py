"""`moovitamix`: the command line.

Each command imports what it needs when it runs, so that help and queries are fast. A failure is
one line on stderr and exit code 1; `--debug`, wherever it stands, shows the traceback.
"""

import atexit
import gc
import sys
from typing import Annotated

import typer

from ingestion.access import plain_url
from orchestration.cli import (
    alerting,
    daily,
    experimenting,
    exploring,
    inspection,
    maintenance,
    modelling,
    observation,
    recommending,
    scheduling,
    serving,
)
from orchestration.cli.data import agents, differences, importing
from orchestration.run import environment
from orchestration.run.signals import raised_as_interrupt

# What typer makes of Ctrl-C, and shells of any SIGINT.
INTERRUPTED = 130

app = typer.Typer(name="moovitamix", add_completion=False, pretty_exceptions_enable=False)
for commands in (
    daily,
    importing,
    differences,
    agents,
    scheduling,
    maintenance,
    recommending,
    experimenting,
    modelling,
    inspection,
    exploring,
    observation,
    alerting,
    serving,
):
    app.add_typer(commands.app)


def main() -> None:
    """Run one command and end the process with its exit code."""
    environment.settle()
    _collect_rarely()
    words = [word for word in sys.argv[1:] if word != "--debug"]
    # dbt keeps the command line that it was called by, in its results
    sys.argv[1:] = [plain_url(word) if "://" in word else word for word in sys.argv[1:]]
    with raised_as_interrupt() as ending:
        try:
            code = app(words, standalone_mode=False)
        except KeyboardInterrupt:  # outside of the command itself
            code = INTERRUPTED
        except Exception as error:
            if "--debug" in sys.argv[1:]:
                raise
            from orchestration.run.error_messages import message_of

            typer.echo(f"moovitamix: {message_of(error)}", err=True)
            code = 1
    if code == INTERRUPTED:
        typer.echo(f"moovitamix: {ending.what}", err=True)
        code = ending.code
    sys.exit(code)


def _collect_rarely() -> None:
    """Look for garbage less often, and not at the end.

    dbt keeps a million objects until the process ends. To look at all of them again and again is
    6 % of a day, and another second as Python ends.
    """
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)


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
        return
    from orchestration.run.configuration import unknown

    for warning in unknown():
        typer.echo(f"moovitamix: warning: {warning}", err=True)


if __name__ == "__main__":
    main()
