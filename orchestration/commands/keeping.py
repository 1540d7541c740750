"""Commands that decide what is kept."""

from typing import Annotated

import typer

from orchestration.commands.running import settings_for, writing
from orchestration.options import Wait

app = typer.Typer()


@app.command()
def accept(
    load: Annotated[str, typer.Argument(help="The load, as its refusal named it.")],
    reason: Annotated[str, typer.Option(help="Why it is right; kept with the verdict.")],
    wait: Wait = 0,
) -> None:
    """Overrule the gate: let a refused load count from the next build on."""
    from orchestration import steps

    with writing(settings_for(), "accept", wait) as day:
        steps.accept(day, load, reason)
    day.show_summary()
