"""Raw validation: Great Expectations validates each load before it may count."""

import atexit
import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from ingestion.errors import RawValidationFailed
from ingestion.validation.bands import bands
from ingestion.validation.fills import usual
from lake.loads import ValidationResult

# Importing Great Expectations and validating 200,000 rows per table take some ten seconds.
TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Validation:
    """The result for a load: rows of `ops/quality_results` and of `ops/column_nulls`."""

    findings: list[dict[str, Any]]
    nulls: list[dict[str, Any]]

    @property
    def refusal(self) -> str | None:
        """Why the load is refused, in one line; None if it is accepted."""
        failed = [one for one in self.findings if _refuses(one)]
        return "; ".join(_message(one) for one in failed) or None

    @property
    def warnings(self) -> list[str]:
        """Violated rules that don't refuse the load."""
        odd = [one for one in self.findings if one["outcome"] == "failed" and not _refuses(one)]
        return [_message(one) for one in odd]


class ValidationProcess:
    """A child process that imports Great Expectations while the pull runs.

    It ends with its standard input, and so with this process, whatever ends that.
    """

    def __init__(self) -> None:
        self.has_failed = False
        self._received = b""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingestion.validation.validator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            cwd=Path(__file__).resolve().parents[2],
        )

    def end(self) -> None:
        """Kill the process; it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()

    def validate(self, lake_url: str, load: ValidationResult, pages: Path) -> Validation:
        """Validate a load whose files are in the lake, and write its Data Docs; safe to repeat.

        Args:
            lake_url: The lake.
            load: The load, with its id, kind and instant.
            pages: The folder of the Data Docs.

        Returns:
            Findings and null counts.

        Raises:
            RawValidationFailed: The process died, does not answer, or could not validate the load.
        """
        request_id = uuid4().hex
        request = {
            "request_id": request_id,
            "lake_url": lake_url,
            "load_id": load.load_id,
            "as_of": load.as_of.isoformat(),
            "kind": load.kind,
            "bands": {name: band and asdict(band) for name, band in bands(lake_url, load).items()},
            "usual": {name: asdict(one) for name, one in usual(lake_url, load).items()},
            "pages": str(pages),
        }
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failed("it has ended") from error
        answer = self._answer(request_id)
        if "error" in answer:
            raise RawValidationFailed(answer["error"])
        return Validation(answer["findings"], answer["nulls"])

    def _answer(self, request_id: str) -> dict[str, Any]:
        """The answer to a request; earlier ones were left unread by an interrupted caller."""
        while True:
            try:
                answer = json.loads(self._line())
            except json.JSONDecodeError:
                continue
            if isinstance(answer, dict) and answer.get("request_id") == request_id:
                return answer

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._received:
            if not select.select([pipe], [], [], TIMEOUT_SECONDS)[0]:
                raise self._failed(f"no answer in {TIMEOUT_SECONDS} s")
            received = os.read(pipe, 65_536)
            if not received:
                raise self._failed("it has ended")
            self._received += received
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _failed(self, why: str) -> RawValidationFailed:
        self.has_failed = True
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return RawValidationFailed(f"{why}: {lines[-1]}" if lines else why)


def get_process() -> ValidationProcess:
    """Return the validation process of this process, started now if there is none.

    One serves all ingests of a process: thirty days, or a hundred tests, import once.
    """
    global _process  # noqa: PLW0603 - a process has one, as it has one standard output
    if _process is None or _process.has_failed:
        _process = ValidationProcess()
        atexit.register(_process.end)
    return _process


_process: ValidationProcess | None = None


def _refuses(finding: dict[str, Any]) -> bool:
    return bool(finding["outcome"] == "failed" and finding["severity"] == "error")


def _message(finding: dict[str, Any]) -> str:
    if finding["observed"] is not None:
        found = f"found {finding['observed']}"
    else:
        found = f"{finding['unexpected']:,} of {finding['evaluated']:,} are not"
    return f"{finding['table_name']}: {finding['rule']} ({found})"
