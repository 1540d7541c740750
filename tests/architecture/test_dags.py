"""The DAGs: that they load, lightly, that they keep common rules, and that they render dbt."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.run.settings import Settings
from orchestration.warehouse import graph
from orchestration.warehouse.dbt_commands.dbt import dbt
from tests.support.airflow_home import DAGS, drawn, python

HEAVY = ("dbt", "dlt", "mlflow", "great_expectations", "duckdb", "pandas", "pyarrow", "lightfm")
# Each with a clock of its own; on the data's path only `ingest`.
WITH_A_CLOCK = {"ingest", "audit", "api_health"}

LOADED = """
import json, sys, time
from datetime import UTC, datetime
import airflow.sdk
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables.base import TimeRestriction
started = time.process_time()
folder = sys.argv[1]
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
seconds = time.process_time() - started
def weight(task):
    is_absolute = "absolute" in f"{task.weight_rule} {type(task.weight_rule).__name__}".lower()
    assert is_absolute or task.pool == "default_pool", "a weight is the task's own"
    return task.priority_weight
def described(task):
    return {
        "pool": task.pool, "weight": weight(task),
        "retries": task.retries, "kind": type(task).__name__,
        "timeout": task.execution_timeout is not None, "upstream": sorted(task.upstream_task_ids),
        "nodes": getattr(task, "nodes", None), "alerts": bool(task.on_failure_callback),
    }
def is_due_at_once(dag):
    may = TimeRestriction(dag.start_date, None, catchup=False)
    first = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None, restriction=may
    )
    return bool(first) and first.run_after <= datetime.now(UTC)
dags = {
    name: {
        "timetable": type(dag.timetable).__name__, "max_active_runs": dag.max_active_runs,
        "is_due_at_once": is_due_at_once(dag), "catchup": dag.catchup,
        "doc": dag.doc_md or "", "deadline": bool(dag.deadline),
        "tasks": {task.task_id: described(task) for task in dag.tasks},
        "order": [task.task_id for task in dag.topological_sort()],
    }
    for name, dag in bag.dags.items()
}
print(json.dumps({
    "errors": bag.import_errors, "seconds": seconds, "dags": dags,
    "heavy": [name for name in sys.argv[2:] if name in sys.modules],
}))
"""


@pytest.fixture(scope="module")
def loaded(data_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process that loads all DAGs finds."""
    drawn(data_home)
    described = python(tmp_path_factory.mktemp("airflow"), LOADED, str(DAGS), *HEAVY)
    answer: dict[str, Any] = json.loads(described.splitlines()[-1])
    return answer


def test_every_dag_file_loads_as_the_dag_of_its_name(loaded: dict[str, Any]) -> None:
    files = {path.stem for path in DAGS.glob("*.py")} - {"__init__"}
    assert files
    assert loaded["errors"] == {}
    assert set(loaded["dags"]) == files


def test_no_dag_goes_in_a_circle(loaded: dict[str, Any]) -> None:
    for dag in loaded["dags"].values():
        assert sorted(dag["order"]) == sorted(dag["tasks"])


def test_all_dags_load_within_three_seconds_and_without_the_heavy_libraries(
    loaded: dict[str, Any],
) -> None:
    assert loaded["seconds"] < 3
    assert loaded["heavy"] == []


def test_whoever_writes_waits_for_the_one_slot(loaded: dict[str, Any]) -> None:
    working = {
        (name, task_id): task
        for name, dag in loaded["dags"].items()
        for task_id, task in dag["tasks"].items()
        if task["kind"] not in {"NodeSensor", "EmptyOperator"}
    }
    assert len(working) > 15
    elsewhere = {key for key, task in working.items() if task["pool"] != "warehouse_writer"}
    assert elsewhere == {("api_health", "ask")}
    assert all(task["timeout"] and task["alerts"] for task in working.values())


def test_how_a_run_went_is_told_before_the_next_dags_take_the_slot(loaded: dict[str, Any]) -> None:
    weights = {
        (task_id == "monitor", task["weight"])
        for dag in loaded["dags"].values()
        for task_id, task in dag["tasks"].items()
        if task["pool"] == "warehouse_writer"
    }
    of_monitoring = {weight for is_monitor, weight in weights if is_monitor}
    assert min(of_monitoring) > max(weight for is_monitor, weight in weights if not is_monitor)


def test_only_ingest_has_a_clock_on_the_datas_path(loaded: dict[str, Any]) -> None:
    clocked = {name for name, dag in loaded["dags"].items() if "Asset" not in dag["timetable"]}
    assert clocked == WITH_A_CLOCK


def test_a_new_installation_begins_with_a_day_and_not_with_an_audit(loaded: dict[str, Any]) -> None:
    due = {name for name, dag in loaded["dags"].items() if dag["is_due_at_once"]}
    assert due == {"ingest", "api_health"}


def test_every_dag_runs_once_at_a_time_has_a_deadline_and_says_why(
    loaded: dict[str, Any],
) -> None:
    for dag in loaded["dags"].values():
        assert (dag["max_active_runs"], dag["catchup"], dag["deadline"]) == (1, False, True)
        assert len(dag["doc"]) > 100


@pytest.mark.parametrize(
    ("dag", "part"),
    [
        ("transform", "marts"),
        ("transform", "monitoring"),
        ("features", "features"),
        ("recommend", "recommendations"),
    ],
)
def test_the_tasks_are_dbts_graph(loaded: dict[str, Any], dag: str, part: str) -> None:
    tasks = {
        name: task
        for name, task in loaded["dags"][dag]["tasks"].items()
        if name.startswith(f"{part}.")
    }
    shown_by = {node: name for name, task in tasks.items() for node in task["nodes"]}
    shown = [node for task in tasks.values() for node in task["nodes"]]
    assert sorted(shown) == sorted(
        node for nodes in graph.rendered_nodes(part).values() for node in nodes
    )
    models = dict(graph.models_of(part))
    assert models
    for model, parents in models.items():
        before = upstream_of(tasks, shown_by[model])
        expected = {shown_by[parent] for parent in parents if parent in shown_by}
        assert expected <= before, model
        assert {node for name in before for node in tasks[name]["nodes"] if node in models} == (
            ancestors(models, model)
        )


def test_the_graph_is_of_the_project_as_it_stands_and_an_old_one_is_not_drawn(
    loaded: dict[str, Any], data_home: Path
) -> None:
    assert loaded["errors"] == {}
    settings = Settings(data_dir=data_home)
    dbt(settings, "parse")
    manifest = json.loads((settings.dbt_dir / "target" / "manifest.json").read_text())
    for part in graph.PARTS:
        kept = json.loads(graph.manifest_of(part).read_text())
        assert kept.pop("metadata")["digest"] == graph.digest()
        made = graph.of_part(manifest, part)
        del made["metadata"]
        assert kept == made


def upstream_of(tasks: dict[str, Any], name: str) -> set[str]:
    """All tasks of the part that must end before `name`."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for parent in tasks[waiting.pop()]["upstream"]:
            if parent in tasks and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def ancestors(models: dict[str, list[str]], name: str) -> set[str]:
    """All models that a model reads, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for parent in models[waiting.pop()]:
            if parent in models and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found
