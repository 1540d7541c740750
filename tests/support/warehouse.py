"""dbt as its users call it, and what it left in the build file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner, dbtRunnerResult

from orchestration.warehouse.dbt_commands.project import NO_FILES, parsed

ROOT = Path(__file__).parents[2]
OURS = ROOT / "dbt_project"
MARTS = (
    "dim_tracks",
    "dim_users",
    "fact_listen_history",
    "dim_tracks_history",
    "dim_users_history",
    "fact_feedback",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a dbt command did: each node's status by its name."""

    statuses: dict[str, str]

    @property
    def failed(self) -> set[str]:
        """Names of the nodes that failed, or could not run for a failure before them."""
        return {name for name, status in self.statuses.items() if status not in GOOD}


HOOKS = {NodeType.Operation}
GOOD = {"success", "pass", "warn", "no-op"}  # no-op: what dbt says of an exposure


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The build file below `data_dir`, built by `project`."""

    data_dir: Path
    project: Path = OURS

    def dbt(self, *words: str, without_unit_tests: bool = True) -> Outcome:
        """Run a dbt command as from a shell at the root; raise if it could not run at all."""
        from dbt.artifacts.schemas.results import ExecutionResult

        paths = ["--project-dir", str(self.project), "--profiles-dir", str(ROOT)]
        if self.project != OURS:  # what dbt remembers of parsing one project misleads it in another
            paths += ["--target-path", str(self.project / "target")]
        if without_unit_tests and words[0] in {"build", "test"}:
            paths += ["--exclude-resource-type", "unit_test"]
        with patch.dict(os.environ, MOOVITAMIX_DATA_DIR=str(self.data_dir)):
            try:
                answer = _invoke(self.project, words, paths)
            finally:
                _close()
        if answer.exception is not None:
            raise answer.exception
        assert isinstance(answer.result, ExecutionResult)
        nodes = [one for one in answer.result.results if one.node.resource_type not in HOOKS]
        return Outcome({one.node.name: str(one.status) for one in nodes})

    def build(self, *words: str) -> Outcome:
        """`dbt build` that must be good."""
        outcome = self.dbt("build", *words)
        assert not outcome.failed, outcome.failed
        return outcome

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Answer a query on the build file."""
        with duckdb.connect(self.data_dir / "build.duckdb", read_only=True) as built:
            return built.sql(sql).fetchall()

    def run(self, sql: str) -> None:
        """Change the build file behind dbt's back."""
        with duckdb.connect(self.data_dir / "build.duckdb") as built:
            built.execute(sql)

    def marts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every mart whole, in the order of all its columns."""
        return {name: self.rows(f"select * from {name} order by all") for name in MARTS}

    def state(self, part: str = "marts") -> tuple[str, bool]:
        """Whether a part of the build is validated, and whether it was built from the start."""
        ((status, is_full_refresh),) = self.rows(
            f"select status, is_full_refresh from ledger.state where part = '{part}'"
        )
        return status, is_full_refresh

    def publish(self) -> None:
        """Note the build as published, as `publish` does after its rename."""
        self.run("update ledger.loads set is_published = true")


def _invoke(project: Path, words: tuple[str, ...], paths: list[str]) -> dbtRunnerResult:
    """Run a command; of our own project by what it parsed to before, if it reads just that."""
    said = ["--log-level", "none", *words, *paths]
    is_other = project != OURS or {"--target", "--vars", "--write-json"}.intersection(words)
    if is_other or words[0] not in {"build", "run", "test"}:
        return dbtRunner().invoke(said)
    which = ["--project-dir", str(project), "--profiles-dir", str(ROOT), "--target", "dev"]
    manifest = parsed(which, ["--log-level", "none"], None)
    return dbtRunner(manifest).invoke([*said, *NO_FILES])


def _close() -> None:
    """Close the connection that dbt-duckdb keeps for the life of the process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
    DuckDBConnectionManager._ENV = None
