"""The whole stack: what is started after what, and what a person is told of it."""

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
from orchestration.local_stack.processes.supervisor import Ended, Keeper
from orchestration.local_stack.secrets_file import Secrets, kept
from orchestration.local_stack.services import DOCS, Services
from orchestration.run.console import Screen
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
    """Run everything until `ended`; raise an `OrchestrationError` when that can't be."""
    drop_strays()
    stack = StackSettings()
    folders = Folders(settings.data_dir / "airflow")
    folders.make()
    with _only_stack(folders):
        chosen = ports.chosen(stack, any_free=free_ports, with_source=not settings.api_url)
        ours = Stack(settings, stack, folders, kept(folders), chosen)
        keeper = Keeper(ended, Screen().say)
        try:
            _start(ours, keeper)
            keeper.keep()
        except Ended:
            return
        finally:
            keeper.end()


def _start(ours: Stack, keeper: Keeper) -> None:
    data = _database(ours)
    patience = ours.stack.patience
    if data.service:
        keeper.start([data.service])
        keeper.wait_until_healthy([data.service], patience)
    data.make_databases()
    services = Services(
        ours.settings, ours.folders, ours.stack.host, ours.ports, _environment(ours, data)
    )
    around, airflow = services.around(), services.airflow()
    keeper.start(around)  # they come up while Airflow's tables are made, on the other core
    keeper.finish(*services.preparations())
    server, *others, scheduler = airflow
    keeper.start([server, *others])
    keeper.wait_until_healthy([server], patience)
    keeper.start([scheduler])  # its tasks fail if they find no server to report to
    keeper.wait_until_healthy([*around, *others, scheduler], patience)
    _tell(ours, keeper)
    _write_docs(services, keeper, ours.folders)


def _write_docs(services: Services, keeper: Keeper, folders: Folders) -> None:
    """Write dbt's docs; without them, all else goes on."""
    try:
        keeper.finish(services.errand("dbt-docs", [*DOCS, str(folders.dbt_docs)]))
    except ServiceEnded as error:
        keeper.say(str(error))


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


def _tell(ours: Stack, keeper: Keeper) -> None:
    """Say where everything is; the passwords only when they were made just now."""
    at = {
        "Airflow": ours.ports.airflow,
        "MLflow": ours.ports.mlflow,
        "serving API": ours.ports.serving,
        "the app's API": ours.ports.source,
    }
    for name, port in at.items():
        if name != "the app's API" or not ours.settings.api_url:
            keeper.say(f"{name:<14} http://{ours.stack.host}:{port}")
    if ours.secrets.are_new:
        keeper.say("passwords, shown this once:")
        for name, password in ours.secrets.passwords.items():
            keeper.say(f"  {name:<12} {password}")
    keeper.say(f"passwords are kept in {ours.folders.passwords}; Ctrl-C ends everything")


@contextmanager
def _only_stack(folders: Folders) -> Iterator[None]:
    with folders.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackRuns(folders.home) from error
        yield
