"""Where `moovitamix airflow` listens and what it uses; from the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StackSettings(BaseSettings):
    """Each from `MOOVITAMIX_STACK_<NAME>`; a port of 0 is any free one."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_STACK_", frozen=True, env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    """What all listen on: this machine only, unless something that speaks TLS stands in front."""
    airflow_port: int = Field(default=8080, ge=0, le=65_535)
    source_port: int = Field(default=8000, ge=0, le=65_535)
    serving_port: int = Field(default=8001, ge=0, le=65_535)
    mlflow_port: int = Field(default=5000, ge=0, le=65_535)
    postgres_url: SecretStr | None = None
    """A PostgreSQL server, `postgresql://user:password@host:5432`, whose user may make databases
    or which has `airflow` and `mlflow`; none: an embedded one."""
    dbt_docs: Path | None = None
    """The folder of dbt's docs page; none: `dbt_docs` in Airflow's home, written at each start."""
    otlp_endpoint: str = ""
    """Where Airflow's metrics go, `http://host:4318`; empty: nowhere."""
    patience: float = Field(default=240, gt=0)
    """Seconds until all must be healthy."""


class ContainerSettings(BaseSettings):
    """What `prepare` makes of a container's environment; each from `MOOVITAMIX_STACK_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="MOOVITAMIX_STACK_", frozen=True, env_ignore_empty=True
    )

    admin_password: SecretStr | None = None
    operator_password: SecretStr | None = None
    viewer_password: SecretStr | None = None
    metrics_key_file: Path | None = None
    """Where Prometheus reads its key of the serving API; none: none is made."""
    passwords_file: Path = Field(
        default=Path("passwords.json"),
        validation_alias="AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    )

    @property
    def passwords(self) -> dict[str, str]:
        """The passwords that are set, by who logs in with them."""
        asked = {
            "admin": self.admin_password,
            "operator": self.operator_password,
            "viewer": self.viewer_password,
        }
        return {name: one.get_secret_value() for name, one in asked.items() if one}
