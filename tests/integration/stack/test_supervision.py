"""Services are restarted, given up on, and ended with all that they started; secrets are kept."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ml.settings import MlSettings
from orchestration.local_stack import database, secrets_file
from orchestration.local_stack.errors import NoDatabase, NotHealthy, ServiceEnded, StackPortTaken
from orchestration.local_stack.folders import Folders
from orchestration.local_stack.model_registry import registry_of
from orchestration.local_stack.processes import kernel, ports
from orchestration.local_stack.processes.service import Service
from orchestration.local_stack.processes.supervision import StackEnded, Supervisor
from orchestration.run.stack_settings import StackSettings
from tests.support.stack.running import wait_for

# Deaf to SIGTERM, with a process in a group of its own, as Airflow has its tasks.
DEAF = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
print("ready", flush=True)
time.sleep(600)
"""


def service(folder: Path, code: str, name: str = "it") -> Service:
    log = folder / f"{name}.log"
    return Service(
        name,
        [sys.executable, "-c", code],
        os.environ,
        log,
        lambda: "" if "ready" in log.read_text() else "it is not ready",
        end_seconds=0.5,
    )


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    reported: list[str] = []
    made = Supervisor(threading.Event(), reported.append)
    yield made
    made.end()


def test_the_end_of_a_service_is_the_end_of_all_it_began(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    deaf = service(tmp_path, DEAF)
    supervisor.start([deaf])
    supervisor.wait_until_healthy([deaf], 60)
    assert deaf.process
    assert len(kernel.in_session(deaf.process.pid)) == 2
    supervisor.end()
    assert kernel.in_session(deaf.process.pid) == []
    assert "it did not end in time; it is killed" in deaf.log.read_text()


def test_what_does_not_get_well_in_time_is_named(tmp_path: Path, supervisor: Supervisor) -> None:
    mute = service(tmp_path, "import time; time.sleep(600)")
    supervisor.start([mute])
    with pytest.raises(NotHealthy, match="it is not ready"):
        supervisor.wait_until_healthy([mute], 0.3)


def test_what_ends_before_it_is_well_is_quoted(tmp_path: Path, supervisor: Supervisor) -> None:
    broken = service(tmp_path, "import sys; sys.exit('no such thing')")
    supervisor.start([broken])
    with pytest.raises(ServiceEnded, match="no such thing"):
        supervisor.wait_until_healthy([broken], 60)


def test_what_dies_again_and_again_ends_the_stack(tmp_path: Path, supervisor: Supervisor) -> None:
    broken = service(tmp_path, "import sys; sys.exit('broken')")
    supervisor.start([broken])
    with pytest.raises(ServiceEnded, match="broken"):
        supervisor.supervise()


def test_one_off_tasks_run_in_parallel_and_a_failed_one_is_quoted(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    waits = "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(.05)"
    one = service(tmp_path, waits.format(str(tmp_path / "there")), "one")
    other = service(tmp_path, f"open({str(tmp_path / 'there')!r}, 'w')", "other")
    supervisor.run_once(one, other)
    with pytest.raises(ServiceEnded, match="bad luck"):
        supervisor.run_once(service(tmp_path, "import sys; sys.exit('bad luck')", "third"))


def test_an_end_that_is_asked_for_interrupts_the_start(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    mute = service(tmp_path, "import time; time.sleep(600)")
    supervisor.start([mute])
    supervisor.ended.set()
    with pytest.raises(StackEnded):
        supervisor.wait_until_healthy([mute], 60)


def test_a_log_of_the_time_before_is_kept(tmp_path: Path, supervisor: Supervisor) -> None:
    (tmp_path / "it.log").write_text("yesterday")
    reported = service(tmp_path, "print('ready')")
    supervisor.run_once(reported)
    assert (tmp_path / "it.log").read_text() == "ready\n"
    assert (tmp_path / "it.log.1").read_text() == "yesterday"


def test_secrets_are_made_once(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "airflow")
    folders.make()
    first, again = secrets_file.load_or_create(folders), secrets_file.load_or_create(folders)
    assert (first.are_new, again.are_new) == (True, False)
    assert (first.keys, first.passwords) == (again.keys, again.passwords)
    elsewhere = Folders(tmp_path / "other")
    elsewhere.make()
    other = secrets_file.load_or_create(elsewhere)
    assert {*first.keys.values()}.isdisjoint(other.keys.values())
    assert {*first.passwords.values()}.isdisjoint(other.passwords.values())


def test_a_taken_port_is_told_by_its_setting_and_a_free_one_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        asked = StackSettings(airflow_port=0, source_port=0, serving_port=0, mlflow_port=port)
        with pytest.raises(StackPortTaken, match="MOOVITAMIX_STACK_MLFLOW_PORT"):
            ports.chosen(asked, any_free=False, with_source=True)
        found = ports.chosen(asked, any_free=True, with_source=True)
    assert len({found.airflow, found.source, found.serving, found.mlflow, port}) == 5


def test_a_database_at_a_url_is_taken_as_it_is() -> None:
    given = database.given(SecretStr("postgresql://me:secret@db:5433?sslmode=require"))
    assert given.url("mlflow") == "postgresql+psycopg2://me:secret@db:5433/mlflow?sslmode=require"
    with pytest.raises(NoDatabase):
        database.given(SecretStr("mysql://me@db"))
    with pytest.raises(NoDatabase) as failed:
        database.given(SecretStr("postgresql://me:secret@127.0.0.1:1")).make_databases()
    assert "secret" not in str(failed.value)


def test_a_folder_has_one_registry_whoever_asks(tmp_path: Path) -> None:
    began_here, began_with_sqlite = tmp_path / "a", tmp_path / "b"
    assert registry_of(began_here, "postgresql://ours").url == "postgresql://ours"
    assert MlSettings(data_dir=began_here).tracking_url == "postgresql://ours"
    file = MlSettings(data_dir=began_here).registry_file
    assert file.stat().st_mode & 0o777 == 0o600
    (began_with_sqlite / "mlflow").mkdir(parents=True)
    (began_with_sqlite / "mlflow" / "mlflow.db").touch()
    sqlite = registry_of(began_with_sqlite, "postgresql://ours").url
    assert sqlite == MlSettings(data_dir=began_with_sqlite).tracking_url
    assert sqlite.startswith("sqlite:///")


def test_a_signal_to_a_process_that_is_gone_is_none() -> None:
    process = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(process, 0)
    kernel.send(process, signal.SIGTERM)
    wait_for(lambda: process not in kernel.descendants(os.getpid()), 10)
