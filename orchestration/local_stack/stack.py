"""The whole stack: the order in which it starts, and what it prints."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestration.local_stack import database
from orchestration.local_stack.airflow_environment import (
    Ports,
    airflow_environment,
    drop_strays,
    our_environment,
)
from orchestration.local_stack.errors import ServiceEnded, StackRuns
from orchestration.local_stack.folders import Folders
from orchestration.local_stack.model_registry import registry_of
from orchestration.local_stack.processes import ports
from orchestration.local_stack.processes.supervision import StackEnded, Supervisor
from orchestration.local_stack.secrets_file import Secrets, load_or_create
from orchestration.local_stack.services import DOCS, Services
from orchestration.run.console import Console
from orchestration.run.settings import Settings
from orchestration.run.stack_settings import StackSettings


@dataclass(frozen=True, slots=True)
class Stack:
    """One installation of the stack: its settings, its secrets, its ports."""

    settings: Settings
    stack: StackSettings
    folders: Folders
    secrets: Secrets
    ports: Ports


def run(settings: Settings, *, free_ports: bool, ended: threading.Event) -> None:
    """Run everything until `ended`; raise an `OrchestrationError` when that can't be.

    Args:
        settings: Where the data folder and the lake are.
        free_ports: Whether the kernel chooses the ports.
        ended: Set when everything shall end.

    """
    drop_strays()
    stack = StackSettings()
    folders = Folders(settings.data_dir / "airflow")
    folders.make()
    with _only_stack(folders):
        chosen = ports.chosen(stack, any_free=free_ports, with_source=not settings.api_url)
        ours = Stack(settings, stack, folders, load_or_create(folders), chosen)
        supervisor = Supervisor(ended, Console().print)
        try:
            _start(ours, supervisor)
            supervisor.supervise()
        except StackEnded:
            return
        finally:
            supervisor.end()


def _start(ours: Stack, supervisor: Supervisor) -> None:
    data = _database(ours)
    patience = ours.stack.patience
    if data.service:
        supervisor.start([data.service])
        supervisor.wait_until_healthy([data.service], patience)
    data.make_databases()
    services = Services(
        ours.settings, ours.folders, ours.stack.host, ours.ports, _environment(ours, data)
    )
    around, airflow = services.around(), services.airflow()
    supervisor.start(around)  # they come up while Airflow's tables are made, on the other core
    supervisor.run_once(*services.preparations())
    server, *others, scheduler = airflow
    supervisor.start([server, *others])
    supervisor.wait_until_healthy([server], patience)
    supervisor.start([scheduler])  # its tasks fail if they find no server to report to
    supervisor.wait_until_healthy([*around, *others, scheduler], patience)
    _print_addresses(ours, supervisor)
    _write_docs(services, supervisor, ours.folders)


def _write_docs(services: Services, supervisor: Supervisor, folders: Folders) -> None:
    """Write dbt's docs; without them, all else goes on."""
    try:
        supervisor.run_once(services.task("dbt-docs", [*DOCS, str(folders.dbt_docs)]))
    except ServiceEnded as error:
        supervisor.report(str(error))


def _database(ours: Stack) -> database.Database:
    if ours.stack.postgres_url:
        return database.given(ours.stack.postgres_url)
    log = ours.folders.logs / "postgres.log"
    return database.embedded(ours.folders.postgres, log, dict(os.environ))


def _environment(ours: Stack, data: database.Database) -> dict[str, str]:
    registry = registry_of(ours.settings.data_dir, data.url("mlflow"))
    theirs = airflow_environment(
        ours.stack, ours.folders, ours.secrets, ours.ports, data.url("airflow")
    )
    steps = our_environment(ours.settings, ours.stack, ours.ports)
    return theirs | registry.environment() | steps


def _print_addresses(ours: Stack, supervisor: Supervisor) -> None:
    """Print all addresses, and new passwords this once."""
    at = {
        "Airflow": ours.ports.airflow,
        "MLflow": ours.ports.mlflow,
        "serving API": ours.ports.serving,
        "the app's API": ours.ports.source,
    }
    for name, port in at.items():
        if name != "the app's API" or not ours.settings.api_url:
            supervisor.report(f"{name:<14} http://{ours.stack.host}:{port}")
    if ours.secrets.are_new:
        supervisor.report("passwords, shown this once:")
        for name, password in ours.secrets.passwords.items():
            supervisor.report(f"  {name:<12} {password}")
    supervisor.report(f"passwords are kept in {ours.folders.passwords}; Ctrl-C ends everything")


@contextmanager
def _only_stack(folders: Folders) -> Iterator[None]:
    with folders.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackRuns(folders.home) from error
        yield
