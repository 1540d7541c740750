"""Random secrets for containers, added to `.env`: `make env`."""

import os
import re
from pathlib import Path

from orchestration.local_stack.secrets_file import a_fernet_key, a_key, a_password
from orchestration.run.settings import ROOT

# What docker-compose.yml asks for, and what makes it.
SECRETS = {
    "POSTGRES_PASSWORD": a_password,
    "AIRFLOW_DB_PASSWORD": a_password,
    "MLFLOW_DB_PASSWORD": a_password,
    "AIRFLOW_FERNET_KEY": a_fernet_key,
    "AIRFLOW_JWT_SECRET": a_key,
    "AIRFLOW_SECRET_KEY": a_key,
    "AIRFLOW_ADMIN_PASSWORD": a_password,
    "AIRFLOW_OPERATOR_PASSWORD": a_password,
    "AIRFLOW_VIEWER_PASSWORD": a_password,
    "GRAFANA_PASSWORD": a_password,
}


def add_secrets(file: Path) -> list[str]:
    """Add the secrets that `file` lacks; return their names. What is there stays as it is."""
    text = file.read_text() if file.exists() else ""
    missing = [name for name in SECRETS if not re.search(rf"^{name}=.", text, re.MULTILINE)]
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}={SECRETS[name]()}\n" for name in missing)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as written:
        file.chmod(0o600)
        written.write(text)
    return missing


if __name__ == "__main__":
    made = add_secrets(ROOT / ".env")
    print(f".env (mode 0600): {', '.join(made) or 'nothing was missing'}")
