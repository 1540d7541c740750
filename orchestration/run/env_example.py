"""`.env.example`, written from the settings: `python -m orchestration.run.env_example`."""

from datetime import timedelta

from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from lake.atomic import replace_file
from orchestration.run.configuration import PREFIX, kinds, variable_of
from orchestration.run.settings import ROOT

FILE = ROOT / ".env.example"
HEAD = """\
# Every setting, with its default. Written from the settings classes by `make env-example`.
# Load a copy into a shell with:  set -a; . ./.env; set +a
"""
# A section starts where the first of these is read.
SECTIONS = {
    "DATA_DIR": "Locations",
    "API_TOKEN": "Login to the app's API. Credentials go to that host alone, and are never shown.",
    "TARGET": "A run",
    "PAGE_SIZE": "Ingestion",
    "MLFLOW_URL": "Models and recommendations",
    "SERVING_HOST": "The serving API",
    "SOURCE_SEED": "The app simulator",
    "SPARK_MASTER": "Spark",
    "EXPLORE_HOST": "The pages of `moovitamix explore`",
    "STACK_HOST": "The local stack (`make airflow`)",
    "AGENT_ROWS": "A client for programs and agents (`moovitamix mcp`)",
    "SMOKE_URL": "The check of a new model",
    "SCHEDULE_INGEST": "Airflow's schedules",
    "ALERT_URLS": "Alerts",
}
TAIL = """
## docker-compose.yml, which reads .env by itself; `make env` adds its secrets

# Address of Airflow's pages.
# AIRFLOW_URL=http://localhost:8080

# Port of Airflow's pages on this machine.
# AIRFLOW_PORT=8080

# Whether Airflow sends its metrics to the collector.
# AIRFLOW_METRICS=false
"""


def main() -> None:
    """Write the file."""
    replace_file(FILE, text().encode())


def text() -> str:
    """Return the file as the settings are: each with a sentence and its default."""
    written: dict[str, str] = {}
    for kind in kinds().values():
        for name, field in kind.model_fields.items():
            variable = variable_of(kind, name, field)
            if variable.startswith(PREFIX) and variable not in written:
                written[variable] = _lines(variable, field)
    return HEAD + "".join(written.values()) + TAIL


def _lines(variable: str, field: FieldInfo) -> str:
    title = SECTIONS.get(variable.removeprefix(PREFIX))
    section = f"\n## {title}\n" if title else ""
    sentence = " ".join((field.description or "").split())
    return f"{section}\n# {sentence}\n# {variable}={_format(field.default)}\n"


def _format(default: object) -> str:
    """Return a default as its environment variable would be written."""
    if default is None or isinstance(default, SecretStr):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, timedelta):
        return str(TypeAdapter(timedelta).dump_python(default, mode="json"))
    return str(default)


if __name__ == "__main__":
    main()
