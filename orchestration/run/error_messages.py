"""Error messages for the console: one line each."""

import errno
import re

import typer
from pydantic import ValidationError

from lake.damage import damaged_file
from orchestration.run.configuration import faults_in

# Spark's messages carry hundreds of these; its own log has them all.
JVM_FRAMES = re.compile(r" at [\w.$/<>]+\((?:[\w$]+\.\w+:\d+|[A-Z]\w+ \w+)\)| \.\.\. \d+ more\b")
NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def message_of(error: BaseException) -> str:
    """Return the one line that a person reads about `error`.

    Errors of ours speak for themselves; of any other kind the type is named, for it was not
    foreseen, and `--debug` shows where it came from.
    """
    message = one_line(error)
    if isinstance(error, typer.TyperException):
        return f"{' '.join(error.format_message().split())} (--help shows more)"
    if isinstance(error, ValidationError):
        return f"a setting can't be used: {'; '.join(faults_in(error))}"
    if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in message:
        return f"the disk is full, and what was being written is not there: {message}"
    if isinstance(error, OSError) and error.errno in NOT_ALLOWED and error.filename:
        return f"{error.filename} can't be used: {error.strerror}"
    if type(error).__module__.split(".")[0] in {"api", "ingestion", "lake", "ml", "orchestration"}:
        return message
    unforeseen = f"unexpected {type(error).__name__}: {message} (--debug shows where)"
    return _of_a_damaged_file(message) or unforeseen


def _of_a_damaged_file(message: str) -> str:
    """Return a message on the file of the lake that an error of DuckDB names, if it is damaged."""
    return str(damaged_file(message) or "")


def one_line(error: BaseException) -> str:
    """Return the error's message in one line; its type's name when it has none."""
    message = JVM_FRAMES.sub("", " ".join(str(error).split()))
    return message or type(error).__name__
