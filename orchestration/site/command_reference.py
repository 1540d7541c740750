"""Reference of commands, from the command line itself."""

from collections.abc import Iterator
from typing import Any

from orchestration.site.markdown_tables import cell, code, table

HEAD = """\
# Commands

`moovitamix COMMAND --help` shows the same. `--debug`, wherever it stands, shows the traceback of a
failure; without it a failure is one line on standard error and exit code 1.

"""


def command_reference() -> str:
    """Return the page of all commands."""
    import typer.main

    from orchestration.cli.main import app

    return HEAD + "\n".join(_commands(typer.main.get_command(app), "moovitamix"))


def _commands(command: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - click's, or typer's own
    children = getattr(command, "commands", None)
    if children is None:
        yield _section(command, name)
        return
    if name != "moovitamix":
        yield f"## {name}\n\n{(command.help or '').strip()}\n"
    for child, its in sorted(children.items()):
        if not its.hidden:
            yield from _commands(its, f"{name} {child}")


def _section(command: Any, name: str) -> str:  # noqa: ANN401 - click's, or typer's own
    level = "##" if name.count(" ") == 1 else "###"
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    usage = " ".join([name, "[OPTIONS]", *map(_argument, arguments)])
    parts = [f"{level} {name}\n\n{(command.help or '').strip()}\n", f"```\n{usage}\n```\n"]
    rows = [[code(_names(one)), code(_default(one)), cell(one.help or "")] for one in shown]
    if rows:
        parts.append(table(["option", "default", "meaning"], rows))
    return "\n".join(parts)


def _argument(argument: Any) -> str:  # noqa: ANN401 - click's, or typer's own
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _names(parameter: Any) -> str:  # noqa: ANN401 - click's, or typer's own
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


def _default(parameter: Any) -> str:  # noqa: ANN401 - click's, or typer's own
    default = parameter.default
    if (
        default is None
        or default is False
        or callable(default)
        or repr(default) == "Sentinel.UNSET"
    ):
        return ""
    return str(getattr(default, "value", default))
