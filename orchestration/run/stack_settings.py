"""Settings of `moovitamix airflow` and of its pages, from the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from lake.locations import EnvironmentSettings
from orchestration.run.settings import MEMORY


class StackSettings(EnvironmentSettings):
    """Each from `MOOVITAMIX_STACK_<NAME>`; a port of 0 is any free one."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_STACK_")

    host: str = "127.0.0.1"
    """Address that every server of the local stack listens on."""
    airflow_port: int = Field(default=8080, ge=0, le=65_535)
    """Port of Airflow; 0: any free one."""
    source_port: int = Field(default=8000, ge=0, le=65_535)
    """Port of the app simulator; 0: any free one."""
    serving_port: int = Field(default=8001, ge=0, le=65_535)
    """Port of the serving API; 0: any free one."""
    mlflow_port: int = Field(default=5000, ge=0, le=65_535)
    """Port of MLflow; 0: any free one."""
    postgres_url: SecretStr | None = None
    """PostgreSQL server for Airflow and MLflow, `postgresql://user:password@host:5432`; empty:
    an embedded one."""
    dags: Path | None = None
    """Folder of the DAGs; empty: this project's."""
    dbt_docs: Path | None = None
    """Folder of dbt's docs pages; empty: `dbt_docs` in Airflow's home."""
    otlp_endpoint: str = ""
    """OpenTelemetry collector for Airflow's metrics, `http://host:4318`; empty: none."""
    patience: float = Field(default=240, gt=0)
    """Seconds until every server must be healthy."""


class ExploreSettings(EnvironmentSettings):
    """Each from `MOOVITAMIX_EXPLORE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_EXPLORE_")

    host: str = "127.0.0.1"
    """Address that the pages of `moovitamix explore` listen on."""
    port: int = Field(default=8002, ge=0, le=65_535)
    """Port of the pages; 0: any free one."""
    personal: bool = False
    """Whether the pages show personal data: they then read `marts.duckdb`, not the masked file."""
    memory_limit: str = Field(default="2GB", pattern=MEMORY)
    """Memory of DuckDB for all pages together; what does not fit goes to `tmp` in the data
    folder."""
    url: str = ""
    """Address of a server of the pages that Airflow shows behind its login; empty: none."""


class ContainerSettings(EnvironmentSettings):
    """What `prepare` makes of a container's environment; each from `MOOVITAMIX_STACK_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="MOOVITAMIX_STACK_")

    admin_password: SecretStr | None = None
    """Password of Airflow's user `admin` in containers."""
    operator_password: SecretStr | None = None
    """Password of Airflow's user `operator` in containers."""
    viewer_password: SecretStr | None = None
    """Password of Airflow's user `viewer` in containers."""
    metrics_key_file: Path | None = None
    """File from which Prometheus reads its key of the serving API; empty: no key is made."""
    passwords_file: Path = Field(
        default=Path("passwords.json"),
        validation_alias="AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    )
    """File of the passwords for Airflow's users."""

    @property
    def passwords(self) -> dict[str, str]:
        """The passwords that are set, by who logs in with them."""
        asked = {
            "admin": self.admin_password,
            "operator": self.operator_password,
            "viewer": self.viewer_password,
        }
        return {name: one.get_secret_value() for name, one in asked.items() if one}
