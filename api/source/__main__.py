"""Serve the source by itself: `python -m api.source --port 0 --as-of 2026-11-22T21:00:00`."""

from __future__ import annotations

import sys

from pydantic_settings import CliImplicitFlag, SettingsConfigDict

from api.source.errors import SourceError
from api.source.server import serve
from api.source.settings import SourceSettings


class _CommandLine(SourceSettings):
    """The settings as options, each stronger than its environment variable."""

    model_config = SettingsConfigDict(cli_parse_args=True, cli_kebab_case=True)

    parent_pipe: CliImplicitFlag[bool] = False


def main() -> None:
    """Serve; what goes wrong is one line, and exit code 1."""
    asked = _CommandLine()
    try:
        serve(asked, parent_pipe=asked.parent_pipe)
    except SourceError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
