"""Commands that decide what is kept."""

from typing import Annotated

import typer

from orchestration.commands.running import settings_for, writing
from orchestration.options import Wait

app = typer.Typer()


@app.command()
def accept(
    what: Annotated[
        str, typer.Argument(help="A load, as its refusal named it, or a day, YYYY-MM-DD.")
    ],
    reason: Annotated[str, typer.Option(help="Why it is right; kept with the verdict.")],
    wait: Wait = 0,
) -> None:
    """Overrule a gate: a refused load, or a day of odd volume, is right after all."""
    from orchestration import steps

    with writing(settings_for(), "accept", wait) as day:
        steps.accept(day, what, reason)
    day.show_summary()
