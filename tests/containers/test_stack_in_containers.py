"""The image is built and the whole stack runs in a real engine (`make test-containers`)."""

import re
import subprocess
import time
from collections.abc import Iterator

import pytest
import urllib3

from orchestration.run.settings import ROOT
from tests.containers.stack import Stack, clone_of_the_repository, has_engine, run, wait_until
from tests.integration.stack.test_containers_run import free_ports

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3_600)]

OURS = (
    "source", "serving", "explore", "mlflow",
    "api-server", "scheduler", "dag-processor", "triggerer",
)  # fmt: skip
CHAIN = ("ingest", "transform", "features", "train", "recommend")
SECRET = re.compile(r"(PASSWORD|SECRET|FERNET_KEY|SECRET_KEY)=.|://\w+:[^@]+@")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not has_engine():
        pytest.skip("no Docker engine answers (DOCKER_HOST says where one is)")
    folder = tmp_path_factory.mktemp("containers")
    if not _has_registry():
        run("bash", str(ROOT / "tests/containers/bases.sh"), str(folder / "bases"))
    ports = free_ports(["AIRFLOW_PORT", "MLFLOW_PORT", "SERVING_PORT"])
    with clone_of_the_repository(folder / "clone", ports) as made:
        started = time.monotonic()
        made.compose("build")
        print(f"\nbuilt in {time.monotonic() - started:.0f} s")
        started = time.monotonic()
        made.compose("up", "--detach")
        for service in OURS:
            wait_until(lambda one=service: made.health(one) == "healthy", service)  # type: ignore[misc]
        print(f"healthy after {time.monotonic() - started:.0f} s")
        yield made


def _has_registry() -> bool:
    pulled = subprocess.run(
        ["docker", "pull", "postgres:18.1-bookworm"], capture_output=True, check=False, timeout=120
    )
    return pulled.returncode == 0


@pytest.fixture(scope="module")
def after_a_day(stack: Stack) -> Stack:
    """Return the stack after a day: ingest was triggered, and its chain ended."""
    key = stack.runs_here("moovitamix", "key", "add", "tests").split()[-1]
    (stack.folder / "key").write_text(key)
    stack.compose("exec", "-T", "scheduler", "airflow", "dags", "trigger", "ingest")
    for dag in CHAIN:
        wait_until(lambda one=dag: "success" in states(stack, one), dag)  # type: ignore[misc]
        assert "failed" not in states(stack, dag)
    return stack


def states(stack: Stack, dag: str) -> list[object]:
    return [one["state"] for one in stack.airflow(f"api/v2/dags/{dag}/dagRuns")["dag_runs"]]


def test_a_day_ends_in_recommendations_that_the_serving_container_answers(
    after_a_day: Stack,
) -> None:
    key = (after_a_day.folder / "key").read_text()
    url = f"http://127.0.0.1:{after_a_day.ports['SERVING_PORT']}"
    answer = urllib3.request("GET", f"{url}/users/1/recommendations", headers={"X-API-Key": key})
    assert answer.status == 200
    assert answer.json()["known"] is True
    assert len(answer.json()["items"]) > 0


def test_what_runs_knows_its_commit(after_a_day: Stack) -> None:
    key = (after_a_day.folder / "key").read_text()
    url = f"http://127.0.0.1:{after_a_day.ports['SERVING_PORT']}"
    model = urllib3.request("GET", f"{url}/model", headers={"X-API-Key": key}).json()
    commit = run("git", "rev-parse", "HEAD", folder=after_a_day.folder).strip()
    assert model["champion"]["git_commit"] == commit


def test_pages_behind_the_login_are_there(after_a_day: Stack) -> None:
    for path in ("moovitamix/dbt", "moovitamix/report", "moovitamix/quality/index.html"):
        status, text = after_a_day.page(path)
        assert status == 200, path
        assert "<html" in text, path


def test_a_backup_can_be_made_and_outlives_the_data(after_a_day: Stack) -> None:
    after_a_day.runs_here("moovitamix", "backup", "--wait", "900")
    kept = after_a_day.runs_here("ls", "/backups").split()
    assert len(kept) == 1


def test_a_file_system_is_read_only_but_for_the_volumes(stack: Stack) -> None:
    for service in OURS:
        config = stack.inspect(service)["HostConfig"]
        assert config["ReadonlyRootfs"] is True, service


def test_the_app_and_the_serving_api_hold_no_secret(stack: Stack) -> None:
    for service in ("source", "serving", "explore"):
        environment: list[str] = stack.inspect(service)["Config"]["Env"]  # type: ignore[assignment]
        assert not [one for one in environment if SECRET.search(one)], service
    scheduler: list[str] = stack.inspect("scheduler")["Config"]["Env"]  # type: ignore[assignment]
    assert not [one for one in scheduler if stack.secrets["POSTGRES_PASSWORD"] in one]


def test_settings_of_the_env_file_reach_what_reads_them(stack: Stack) -> None:
    scheduler: list[str] = stack.inspect("scheduler")["Config"]["Env"]  # type: ignore[assignment]
    source: list[str] = stack.inspect("source")["Config"]["Env"]  # type: ignore[assignment]
    assert "MOOVITAMIX_MODEL=ease" in scheduler
    assert "MOOVITAMIX_SOURCE_USERS=200" in source


def test_no_log_is_noisy_about_git(after_a_day: Stack) -> None:
    for service in OURS:
        assert "GitPython" not in after_a_day.logs(service), service
        assert "Bad git executable" not in after_a_day.logs(service), service


def test_a_killed_scheduler_comes_back_and_the_day_ends_well(after_a_day: Stack) -> None:
    before = len(states(after_a_day, "transform"))
    after_a_day.compose("exec", "-T", "scheduler", "airflow", "dags", "trigger", "ingest")
    wait_until(lambda: len(states(after_a_day, "transform")) > before, "transform")
    run("docker", "kill", f"{after_a_day.name}_scheduler_1")
    run("docker", "start", f"{after_a_day.name}_scheduler_1")
    wait_until(lambda: states(after_a_day, "transform").count("success") > before, "transform")


def test_a_service_ends_by_itself_when_it_is_asked_to(after_a_day: Stack) -> None:
    memory = run("docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}")
    print("\n".join(["", *(one for one in memory.splitlines() if after_a_day.name in one)]))
    after_a_day.compose("stop")
    for service in OURS:
        state = after_a_day.inspect(service)["State"]
        assert state["ExitCode"] in (0, 143), (service, state["ExitCode"])
