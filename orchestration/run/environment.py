"""The environment of libraries and child processes, without variables of other projects.

dbt, MLflow, dlt, Great Expectations and Python itself read variables that a shell may have for
another project. What a run depends on, the project sets by its own settings; so these are dropped
(docs/decisions/0031). `AWS_…` stays: it says who may read object storage, and only a URL uses it.
"""

import os
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

# For models kept on object storage, and for a tracking server that needs credentials.
KEPT_OF_MLFLOW = r"(?!S3_|GCS_|TRACKING_(?:USERNAME|PASSWORD|TOKEN|INSECURE_TLS|\w+_CERT_PATH)$)"
STRAYS = re.compile(
    "|".join(
        (
            r"DBT_\w+",
            rf"MLFLOW_{KEPT_OF_MLFLOW}\w+",
            r"(?:MOOVITAMIX__)?(?:RUNTIME|EXTRACT|NORMALIZE|LOAD|DATA_WRITER|SCHEMA|SOURCES)__\w+",
            r"GX_\w+",
            r"PYTHON(?:WARNINGS|OPTIMIZE|INSPECT|IOENCODING)",
            r"FORCE_COLOR|CLICOLOR_FORCE|TTY_(?:COMPATIBLE|INTERACTIVE)",  # a log is no terminal
            r"GIT_(?:DIR|WORK_TREE|INDEX_FILE|COMMON_DIR)",  # as Git sets them for its hooks
        )
    )
)
# What Python reads as it starts, and never again.
AT_START = frozenset({"PYTHONOPTIMIZE", "PYTHONINSPECT"})
OURS = {
    "TZ": "UTC",
    "MPLBACKEND": "Agg",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GX_ANALYTICS_ENABLED": "false",
    "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",
}
# Whatever the caller's mask: we can use our own files, and strangers can't change them.
ALWAYS_ALLOWED, NEVER_ALLOWED = 0o700, 0o002
NARROWEST = 40


def settle() -> None:
    """Make this process's environment fit for a command, whichever shell began it."""
    found = strays(os.environ)
    for name in found:
        del os.environ[name]
    if AT_START.intersection(found) and (sys.flags.optimize or sys.flags.inspect):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves
    os.environ.update(OURS)
    time.tzset()
    os.umask(os.umask(0o022) & ~ALWAYS_ALLOWED | NEVER_ALLOWED)
    _settle_python()
    _settle_folders()
    _settle_terminal()


def strays(environment: Mapping[str, str]) -> list[str]:
    """Return the names of variables that would mislead a library."""
    return [name for name in environment if STRAYS.fullmatch(name)]


def _settle_python() -> None:
    """Take back what warnings were made to be; print what a narrow encoding lacks as escapes."""
    if sys.warnoptions:
        sys.warnoptions.clear()
        warnings.resetwarnings()
        warnings.simplefilter("ignore", DeprecationWarning)
        for kind in (PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # a stream of a test, or one closed
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _settle_folders() -> None:
    """Have a home and a folder for temporary files, where the caller's are missing."""
    if not _is_writable(os.environ.get("TMPDIR", "")):
        os.environ.pop("TMPDIR", None)
        tempfile.tempdir = None
    if not _is_writable(os.environ.get("HOME", "")):
        home = Path(tempfile.gettempdir()) / f"moovitamix-home-{os.getuid()}"
        home.mkdir(mode=0o700, exist_ok=True)
        os.environ["HOME"] = str(home)


def _settle_terminal() -> None:
    """Drop `COLUMNS`: an exported width may not be the terminal's."""
    columns = os.environ.get("COLUMNS", "")
    if not columns.isdecimal() or int(columns) < NARROWEST:
        os.environ.pop("COLUMNS", None)


def _is_writable(folder: str) -> bool:
    return bool(folder) and Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)
