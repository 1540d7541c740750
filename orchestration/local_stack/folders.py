"""The files of the stack, in the folder `airflow` of the data folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folders:
    """The files of one installation; `home` is Airflow's own home."""

    home: Path

    @property
    def lock(self) -> Path:
        """Held while a stack runs here."""
        return self.home / ".stack.lock"

    @property
    def secrets(self) -> Path:
        """Keys, made once (mode 0600)."""
        return self.home / "secrets.json"

    @property
    def passwords(self) -> Path:
        """Who may log in, and with which password (mode 0600)."""
        return self.home / "passwords.json"

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL."""
        return self.home / "postgres"

    @property
    def logs(self) -> Path:
        """The log of each service."""
        return self.home / "logs" / "stack"

    @property
    def dbt_docs(self) -> Path:
        """The docs of dbt, one page."""
        return self.home / "dbt_docs"

    def make(self) -> None:
        """Make the folders, for this user only."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(parents=True, exist_ok=True)
