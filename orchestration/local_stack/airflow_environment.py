"""Airflow's configuration as environment variables, the same for all its components."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from orchestration.local_stack.folders import Folders
from orchestration.local_stack.secrets_file import Secrets
from orchestration.run.settings import ROOT, Settings
from orchestration.run.stack_settings import StackSettings

# For the API server alone: every task would import the web server's parts with it.
PLUGINS = {"AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "orchestration" / "airflow" / "plugins")}
# Read by docker-compose.yml too.
SHARED = Path(__file__).with_name("airflow.env")
ELSEWHERE = re.compile(r"AIRFLOW_CONFIG|AIRFLOW__(?:\w+_(?:CMD|SECRET)|DATABASE__\w+)")
POOL, POOL_SLOTS = "warehouse_writer", 1


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each server listens."""

    airflow: int
    source: int
    serving: int
    mlflow: int
    explore: int


def airflow_environment(
    stack: StackSettings, folders: Folders, secrets: Secrets, ports: Ports, database_url: str
) -> dict[str, str]:
    """Return Airflow's settings; those in `airflow.env` may be set in the shell instead.

    Args:
        stack: Where it listens, which DAGs it runs, where its metrics go.
        folders: Its files.
        secrets: Its keys.
        ports: The port of each server.
        database_url: Its tables.
    """
    passwords = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folders.passwords)}
    shared = {
        name: os.environ.get(name, value or "") if name.startswith("AIRFLOW__") else value or ""
        for name, value in (dotenv_values(SHARED) | passwords).items()
    }
    url = f"http://{stack.host}:{ports.airflow}"
    metrics = {
        "AIRFLOW__METRICS__OTEL_ON": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": stack.otlp_endpoint,
    }
    return shared | {
        "AIRFLOW_HOME": str(folders.home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(stack.dags or ROOT / "orchestration" / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": secrets.keys["fernet_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.keys["jwt_secret"],
        "AIRFLOW__API__SECRET_KEY": secrets.keys["secret_key"],
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
        **(metrics if stack.otlp_endpoint else {}),
    }


def drop_strays() -> None:
    """Take out of this process's environment what would lead Airflow to another installation."""
    for name in filter(ELSEWHERE.fullmatch, list(os.environ)):
        del os.environ[name]


def our_environment(settings: Settings, stack: StackSettings, ports: Ports) -> dict[str, str]:
    """Return what our own steps read, wherever Airflow runs them.

    Args:
        settings: Where the data folder and the lake are.
        stack: The settings of the stack.
        ports: The ports of its servers.

    """
    return {
        "MOOVITAMIX_DATA_DIR": str(settings.data_dir),
        "MOOVITAMIX_LAKE_URL": settings.lake_url,
        "MOOVITAMIX_EXPLORE_URL": f"http://127.0.0.1:{ports.explore}",
        "MOOVITAMIX_API_URL": settings.api_url or f"http://{stack.host}:{ports.source}",
        # what stood in the address goes apart: Airflow shows addresses
        **{
            f"MOOVITAMIX_{name.upper()}": value.get_secret_value()
            for name, value in settings.credentials.items()
        },
    }
