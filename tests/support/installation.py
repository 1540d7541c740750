"""A data folder, and the command line that works on it as a person would use it."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import duckdb

from orchestration.cli.main import main
from tests.support.emptied import refilled

DAY_1 = datetime(2026, 3, 1, 21)
DAY_2 = datetime(2026, 3, 2, 21)

# Some hundred sessions: enough that people sign up, sessions grow and profiles change every day.
SMALL_WORLD = {
    "MOOVITAMIX_SOURCE_USERS": "150",
    "MOOVITAMIX_SOURCE_TRACKS": "300",
    "MOOVITAMIX_SOURCE_DAYS": "30",
    "MOOVITAMIX_SOURCE_LAUNCHED_ON": "2026-02-01",
    # Steps that learn from the marts run in test_recommendations.py; other days are without.
    "MOOVITAMIX_RECOMMENDATIONS": "false",
}
PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder, with the app's small world behind it."""

    data_dir: Path
    world: dict[str, str] = field(default_factory=lambda: SMALL_WORLD)

    @property
    def marts(self) -> Path:
        return self.data_dir / "marts.duckdb"

    @property
    def previous_marts(self) -> Path:
        return self.data_dir / "marts.previous.duckdb"

    @property
    def build_file(self) -> Path:
        return self.data_dir / "build.duckdb"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `moovitamix` without waiting for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli.main", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )

    def fails(self, *words: str) -> str:
        """Run `moovitamix` here, which must fail with exit code 1; return what it says of it."""
        code, _, complaint = self._here(*words)
        assert code == 1, complaint
        return complaint

    def does(self, *words: str) -> str:
        """Run `moovitamix` here, which must succeed; return what it prints."""
        code, output, complaint = self._here(*words)
        assert code == 0, complaint
        return output

    def runs_day(self, instant: datetime) -> str:
        """Run the day of `instant` with `moovitamix run`, in a separate process."""
        process = self.start("run", "--as-of", instant.isoformat())
        output, complaint = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, complaint
        return output

    def ends(self, *words: str) -> tuple[int, str, str]:
        """Run `moovitamix` here, however it ends; return its code, output and complaint."""
        return self._here(*words)

    def _here(self, *words: str) -> tuple[int, str, str]:
        """Run a command in this process, where dbt and Great Expectations are imported already.

        A separate process would be as right, but imports take longest; days run in one.
        """
        output, complaint = StringIO(), StringIO()
        with (
            patch.dict(os.environ, self.environment(), clear=True),
            patch.object(sys, "argv", ["moovitamix", *words]),
            redirect_stdout(output),
            redirect_stderr(complaint),
        ):
            try:
                main()
            except SystemExit as ended:
                code = ended.code
        return int(code or 0), output.getvalue(), complaint.getvalue()

    def copy(self, data_dir: Path) -> "Installation":
        """Return the same as it stands, in another folder."""
        refilled(data_dir, self.data_dir)
        return Installation(data_dir, self.world)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        """Query the published file."""
        with duckdb.connect(self.marts, read_only=True) as marts:
            return marts.sql(sql).fetchall()

    def ops(self, table: str) -> list[dict[str, object]]:
        """Return the lake's rows of what runs did."""
        from lake import log

        return log.read(str(self.data_dir / "lake"), table)

    def environment(self) -> dict[str, str]:
        """Return what a process needs to work here, whatever the shell of the tests has set."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("MOOVITAMIX_")
        }
        return inherited | self.world | {"MOOVITAMIX_DATA_DIR": str(self.data_dir)}
