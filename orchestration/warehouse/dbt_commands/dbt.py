"""dbt, invoked inside this process."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lake.damage import damaged_file
from orchestration.run.errors import BuildFailed
from orchestration.run.progress import OnNode, ignore
from orchestration.run.settings import ROOT, Settings
from orchestration.warehouse.build_file import require_usable
from orchestration.warehouse.dbt_commands.dbt_results import record
from orchestration.warehouse.dbt_commands.project import NO_FILES, parsed, project

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Target:
    """An output of profiles.yml, and the folder of its artifacts: what dbt remembers of parsing."""

    name: str
    folder: str


DUCKDB = Target("dev", "target")
MONITORING = Target("monitoring", "monitoring")


def dbt(
    settings: Settings,
    *words: str,
    run_id: str = "",
    on_start: Callable[[str], None] = lambda _: None,
    on_node: OnNode = ignore,
    target: Target = DUCKDB,
) -> Any:  # noqa: ANN401 - dbt's results are a union over all commands
    """Run a dbt command and return its results.

    `on_start` is called as a node starts, `on_node` as it ends. Results of nodes are recorded in
    `ops/dbt_results` of the lake if `run_id` is given.

    Raises `BuildFailed` when dbt could not run at all, not when something that it ran failed;
    `BuildFileInUse` when a shell that knows no lock has the build file open; `DamagedFile` when a
    file of the lake can't be read.

    Args:
        settings: Where the data folder and the lake are.
        *words: The command and its arguments.
        run_id: The run that asks; with it, results go to `ops/dbt_results`.
        on_start: Called with each node of dbt as it starts.
        on_node: Called as each node of dbt ends.
        target: The output of profiles.yml.

    """
    if target == DUCKDB and words[0] != "parse":
        require_usable(settings.build_file)
    from dbt.cli.main import dbtRunner

    try:
        with lent(_settings_of(settings, run_id)):
            manifest = parsed_project(settings, target)
            # Results are in `ops/dbt_results`, and parsing wrote the manifest.
            runner = dbtRunner(manifest, callbacks=[_listener(on_start, on_node)])
            arguments = [*_which(target), *_into(settings, target), *NO_FILES]
            answer: Any = runner.invoke([*words, *arguments])
        if answer.exception is not None:
            raise answer.exception
    except Exception as error:
        message = " ".join(str(error).split())
        if damaged := damaged_file(message, settings.lake_url):
            raise damaged from error
        raise BuildFailed(f"dbt could not {words[0]}: {message}; {log_of(settings)}") from error
    finally:
        _let_go_of_the_build_file()
    if run_id:
        record(settings, run_id, words[0], answer.result)
    return answer


def parsed_project(settings: Settings, target: Target = DUCKDB) -> "Manifest":
    """Return dbt's manifest, which the commands of this process share.

    Args:
        settings: Where dbt's artifacts are.
        target: The output of profiles.yml that it is parsed for.

    Returns:
        The manifest; what is changed in it holds for later commands.

    """
    with lent(_settings_of(settings, "")):
        # Readers of the manifest, Airflow's DAGs among them, read the one of the marts.
        manifest = settings.dbt_dir / target.folder / "manifest.json" if target == DUCKDB else None
        return parsed(_which(target), _into(settings, target), manifest)


def _which(target: Target) -> list[str]:
    """Return what a command is about, in dbt's arguments."""
    return ["--project-dir", str(project()), "--profiles-dir", str(ROOT), "--target", target.name]


def _into(settings: Settings, target: Target) -> list[str]:
    """Return where a command writes, in dbt's arguments."""
    folder = settings.dbt_dir
    arguments = ["--target-path", str(folder / target.folder), "--log-path", str(folder / "logs")]
    return [*arguments, "--log-level-file", "info", "--log-level", "none"]


def log_of(settings: Settings) -> str:
    """Return where all that dbt logged can be read."""
    return f"all of it in {settings.dbt_dir / 'logs' / 'dbt.log'}"


def _listener(on_start: Callable[[str], None], on_node: OnNode) -> Callable[[Any], None]:
    def listen(event: Any) -> None:  # noqa: ANN401 - dbt's events carry no types
        if event.info.name == "LogStartLine":
            on_start(f"{event.data.index}/{event.data.total} {event.data.description}")
        elif event.info.name == "NodeFinished":
            node, result = event.data.node_info, event.data.run_result
            if on_node is not ignore:
                on_node(node.unique_id, node.node_status, _message_of(node, result))

    return listen


def _message_of(node: Any, result: Any) -> str:  # noqa: ANN401 - dbt's events carry no types
    """Return what dbt prints: its message, rows and seconds, and where failing rows are."""
    parts = [] if result.message in ("", "OK") else [" ".join(result.message.split())]
    relation = node.node_relation.relation_name
    if node.materialized in ("table", "incremental"):
        parts += [f"{rows:,} rows"] if (rows := _rows_in(relation)) is not None else []
    elif relation and result.num_failures:
        parts.append(f"select * from {relation.partition('.')[2]}")
    return ", ".join([*parts, f"{result.execution_time:.2f} s"])


def _rows_in(relation: str) -> int | None:
    """Count the rows of a table in the file that dbt has open; None where it is not DuckDB's."""
    import duckdb
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    connection = getattr(DuckDBConnectionManager._ENV, "conn", None)
    if connection is None:
        return None
    try:
        ((rows,),) = connection.cursor().execute(f"select count(*) from {relation}").fetchall()
    except duckdb.Error:  # it was not made
        return None
    return int(rows)


def _settings_of(settings: Settings, run_id: str) -> dict[str, str]:
    """Return the settings as the absolute values that the project reads."""
    read = {
        "MOOVITAMIX_DATA_DIR": str(settings.data_dir),
        "MOOVITAMIX_LAKE_URL": settings.lake_url,
        "MOOVITAMIX_RUN_ID": run_id,
    }
    if settings.as_of:
        read["MOOVITAMIX_AS_OF"] = settings.as_of.isoformat()
    return read


@contextmanager
def lent(variables: Mapping[str, str]) -> Iterator[None]:
    """Lend dbt variables of the environment."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


def _let_go_of_the_build_file() -> None:
    """Close what dbt-duckdb keeps open in this process, so that `publish` can open the file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager._ENV = None
