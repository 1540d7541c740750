"""Commands for the app that asks for recommendations: the API, and its keys."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.context import settings_for
from orchestration.run.console import Console

if TYPE_CHECKING:
    from api.serving.settings import ServingSettings

app = typer.Typer()
key = typer.Typer(help="API keys: made and shown once, kept as hashes.", no_args_is_help=True)
app.add_typer(key, name="key")

Name = Annotated[str, typer.Argument(help="Whose it is: up to 40 of a-z, 0-9, - and _.")]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0: any free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that answer.")] = None,
) -> None:
    """Serve recommendations until interrupted; MOOVITAMIX_SERVING_… sets the same and more."""
    from api.serving.processes.server import serve

    serve(_settings(host=host, port=port, workers=workers))


@key.command()
def add(name: Name) -> None:
    """Make a key and show it, this once."""
    from api.serving.access import api_keys

    typer.echo(api_keys.add(_settings().keys_file, name))


@key.command("list")
def list_keys() -> None:
    """List the keys' names, never the keys."""
    from api.serving.access import api_keys

    known = api_keys.read(_settings().keys_file)
    rows = [(one.name, f"{one.added_at} UTC") for one in known]
    Console().table(["key", "added"], rows)


@key.command()
def remove(name: Name) -> None:
    """Forget a key: a running server refuses it within a second."""
    from api.serving.access import api_keys

    api_keys.remove(_settings().keys_file, name)


def _settings(**asked: object) -> "ServingSettings":
    from api.serving.settings import ServingSettings

    ours = settings_for()
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return ServingSettings(data_dir=ours.data_dir, lake_url=ours.lake_url, **given)
