"""The raw gate: Great Expectations judges each load before it may count."""

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

from ingestion.errors import GateFailed
from ingestion.validation.bands import bands
from ingestion.validation.fills import usual
from lake.loads import Verdict

# Importing Great Expectations and judging 200,000 rows of each table take some ten seconds.
PATIENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """What the gate found in a load: rows of `ops/quality_results` and of `ops/column_nulls`."""

    findings: list[dict[str, Any]]
    nulls: list[dict[str, Any]]

    @property
    def refusal(self) -> str | None:
        """Why the load must not count, in one line; None when it may."""
        failed = [one for one in self.findings if _refuses(one)]
        return "; ".join(_message(one) for one in failed) or None

    @property
    def warnings(self) -> list[str]:
        """What is odd, and no reason to refuse the load."""
        odd = [one for one in self.findings if one["outcome"] == "failed" and not _refuses(one)]
        return [_message(one) for one in odd]


class ValidationProcess:
    """A process of its own, that imports Great Expectations while the pull runs.

    It ends with its standard input, and so with this process, however that ends.
    """

    def __init__(self) -> None:
        self.has_failed = False
        self._heard = b""
        self._complaint = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingestion.validation.validator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaint,
            cwd=Path(__file__).resolve().parents[2],
        )

    def end(self) -> None:
        """End the process at once; it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()

    def validate(self, lake_url: str, load: Verdict, pages: Path) -> ValidationResult:
        """Judge a load whose files are in the lake, and write its pages; safe to ask again.

        Raises `GateFailed` when the process died, hangs, or could not judge.
        """
        question = uuid4().hex
        asked = {
            "question": question,
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
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failed("it has ended") from error
        answer = self._answer(question)
        if "error" in answer:
            raise GateFailed(answer["error"])
        return ValidationResult(answer["findings"], answer["nulls"])

    def _answer(self, question: str) -> dict[str, Any]:
        """The answer to a question, past those that somebody else did not wait for."""
        while True:
            try:
                answer = json.loads(self._line())
            except json.JSONDecodeError:
                continue
            if isinstance(answer, dict) and answer.get("question") == question:
                return answer

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._heard:
            if not select.select([pipe], [], [], PATIENCE_SECONDS)[0]:
                raise self._failed(f"no answer in {PATIENCE_SECONDS} s")
            heard = os.read(pipe, 65_536)
            if not heard:
                raise self._failed("it has ended")
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def _failed(self, why: str) -> GateFailed:
        self.has_failed = True
        self._complaint.seek(0)
        said = self._complaint.read().decode(errors="replace").strip().splitlines()
        return GateFailed(f"{why}: {said[-1]}" if said else why)


def get_process() -> ValidationProcess:
    """The gate of this process, begun now unless it is there already.

    One serves all ingests of a process: thirty days, or a hundred tests, import once.
    """
    global _gate  # noqa: PLW0603 - a process has one, as it has one standard output
    if _gate is None or _gate.has_failed:
        _gate = ValidationProcess()
        atexit.register(_gate.end)
    return _gate


_gate: ValidationProcess | None = None


def _refuses(finding: dict[str, Any]) -> bool:
    return bool(finding["outcome"] == "failed" and finding["severity"] == "error")


def _message(finding: dict[str, Any]) -> str:
    if finding["observed"] is not None:
        found = f"found {finding['observed']}"
    else:
        found = f"{finding['unexpected']:,} of {finding['evaluated']:,} are not"
    return f"{finding['table_name']}: {finding['rule']} ({found})"
