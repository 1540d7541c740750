"""The app simulator alone: `python -m api.source --port 0 --as-of 2026-11-22T21:00:00`."""

from __future__ import annotations

import sys

from pydantic_settings import CliImplicitFlag, SettingsConfigDict

from api.errors import ApiError
from api.source.server import serve
from api.source.settings import SourceSettings


class _CommandLine(SourceSettings):
    """The settings as options, each stronger than its environment variable."""

    model_config = SettingsConfigDict(cli_parse_args=True, cli_kebab_case=True)

    parent_pipe: CliImplicitFlag[bool] = False


def main() -> None:
    """Serve; an error is one line and exit code 1."""
    settings = _CommandLine()
    try:
        serve(settings, parent_pipe=settings.parent_pipe)
    except ApiError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
