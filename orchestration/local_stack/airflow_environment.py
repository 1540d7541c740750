"""How Airflow is set: everything that its components must agree on, as environment variables."""

import os
import re
from dataclasses import dataclass

from orchestration.local_stack.folders import Folders
from orchestration.local_stack.secrets_file import ROLES, Secrets
from orchestration.run.settings import ROOT, Settings
from orchestration.run.stack_settings import StackSettings

# For the API server alone: every task would import the web server's parts with it.
PLUGINS = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "orchestration" / "plugins")}
# What makes this installation itself: a shell's would lead to the tables of another project.
OURS_ALONE = frozenset(
    f"AIRFLOW__{name}"
    for name in (
        "CORE__DAGS_FOLDER",
        "CORE__EXECUTION_API_SERVER_URL",
        "CORE__FERNET_KEY",
        "API_AUTH__JWT_SECRET",
        "API__SECRET_KEY",
        "API__BASE_URL",
        "DATABASE__SQL_ALCHEMY_CONN",
    )
)
ELSEWHERE = re.compile(r"AIRFLOW_CONFIG|AIRFLOW__(?:\w+_(?:CMD|SECRET)|DATABASE__\w+)")
POOL, POOL_SLOTS = "warehouse_writer", 1


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each server listens."""

    airflow: int
    source: int
    serving: int
    mlflow: int


def airflow_environment(
    stack: StackSettings, folders: Folders, secrets: Secrets, ports: Ports, database_url: str
) -> dict[str, str]:
    """Return Airflow's settings; what the caller's environment sets by the same name wins.

    But for what makes this installation itself: its tables, folders, keys and addresses.
    """
    url = f"http://{stack.host}:{ports.airflow}"
    ours = {
        "CORE__DAGS_FOLDER": str(ROOT / "orchestration" / "dags"),
        "CORE__LAZY_LOAD_PLUGINS": "true",
        "CORE__LOAD_EXAMPLES": "false",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "8",
        # a DAG that is chained by assets and paused would break the chain in silence
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__FERNET_KEY": secrets.keys["fernet_key"],
        "CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{who}:{may}" for who, may in ROLES.items()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folders.passwords),
        "API_AUTH__JWT_SECRET": secrets.keys["jwt_secret"],
        "API__SECRET_KEY": secrets.keys["secret_key"],
        "API__BASE_URL": url,
        "API__EXPOSE_CONFIG": "false",
        "API__ENABLE_SWAGGER_UI": "false",
        "API__WORKERS": "1",
        "DATABASE__SQL_ALCHEMY_CONN": database_url,
        # each run of the DAGs' files costs some seconds of a core; a changed file is read at once
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "60",
        # a busy machine answers late, and a task that gives up on its server fails
        "WORKERS__EXECUTION_API_TIMEOUT": "30",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "false",
        # what a killed scheduler had at work is begun anew after a minute or two; by default, seven
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
    }
    known = {f"AIRFLOW__{name}": value for name, value in ours.items()}
    chosen = {
        name: os.environ[name] for name in known if name in os.environ and name not in OURS_ALONE
    }
    its_own = {"AIRFLOW_HOME": str(folders.home), "DO_NOT_TRACK": "1"}
    return known | chosen | its_own | _metrics(stack.otlp_endpoint)


def drop_strays() -> None:
    """Take out of this process's environment what would lead Airflow to another installation."""
    for name in filter(ELSEWHERE.fullmatch, list(os.environ)):
        del os.environ[name]


def our_environment(settings: Settings, stack: StackSettings, ports: Ports) -> dict[str, str]:
    """Return what our own steps read, wherever Airflow runs them."""
    return {
        "MOOVITAMIX_DATA_DIR": str(settings.data_dir),
        "MOOVITAMIX_LAKE_URL": settings.lake_url,
        "MOOVITAMIX_API_URL": settings.api_url or f"http://{stack.host}:{ports.source}",
        # what stood in the address goes apart: Airflow shows addresses
        **{
            f"MOOVITAMIX_{name.upper()}": value.get_secret_value()
            for name, value in settings.credentials.items()
        },
    }


def _metrics(endpoint: str) -> dict[str, str]:
    if not endpoint:
        return {}
    return {
        "AIRFLOW__METRICS__OTEL_ON": "true",
        # with them each task would have metrics of its own, beside those that carry its name
        "AIRFLOW__METRICS__LEGACY_NAMES_ON": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
