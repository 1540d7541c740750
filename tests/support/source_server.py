"""The source as a process of its own, for tests that speak to it over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Process = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class RunningSource:
    """A source that answers."""

    url: str
    line: str
    process: Process

    def get(self, path: str, **parameters: object) -> urllib3.BaseHTTPResponse:
        """Ask once; a server that does not answer is an error."""
        fields = {name: str(value) for name, value in parameters.items()}
        return urllib3.request("GET", f"{self.url}/{path}", fields=fields, retries=False)

    def page(self, table: str, **parameters: object) -> dict[str, Any]:
        """One page, as it is answered."""
        answered: dict[str, Any] = self.get(table, **parameters).json()
        return answered

    def records(self, table: str, **parameters: object) -> list[dict[str, Any]]:
        """All records of a window, in the order of the pages."""
        first = self.page(table, size=1000, **parameters)
        pages = range(2, first["pages"] + 1)
        rest = (self.page(table, size=1000, page=page, **parameters) for page in pages)
        return [*first["items"], *(record for page in rest for record in page["items"])]


def begin_source(data_dir: Path, *options: str) -> Process:
    """Start a source on a free port; it ends with this process, whatever ends that."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MOOVITAMIX_")}
    return subprocess.Popen(
        [sys.executable, "-m", "api.source", "--port", "0", "--parent-pipe", *options],
        env=ours | {"MOOVITAMIX_DATA_DIR": str(data_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def source(data_dir: Path, *options: str) -> Iterator[RunningSource]:
    """Run a source on a free port until the block ends."""
    process = begin_source(data_dir, *options)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    try:
        line = process.stdout.readline().strip()
        if not line:
            raise AssertionError(process.stderr.read())
        yield RunningSource(line.split(",")[0].removeprefix("source API on "), line, process)
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()
        process.stderr.close()
