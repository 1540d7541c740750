"""docker-compose.yml as Docker would read it: merged, and its variables filled in."""

import re
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from orchestration.run.settings import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def services(environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every service, with the variables of `environment` filled in; others are passed on."""
    read = yaml.safe_load(fill_in(FILE.read_text(), environment))
    found: dict[str, dict[str, Any]] = read["services"]
    for one in found.values():
        if "env_file" in one:
            one["environment"] = dotenv_values(ROOT / one["env_file"]) | one["environment"]
        if "environment" in one:
            one["environment"] = {
                name: environment.get(name) if value is None else value
                for name, value in one["environment"].items()
                if value is not None or environment.get(name)
            }
    return found


def passed_on() -> dict[str, set[str]]:
    """The variables that each service takes from .env as they are."""
    read = yaml.safe_load(fill_in(FILE.read_text(), dict.fromkeys(required(), "x")))
    return {
        name: {key for key, value in one.get("environment", {}).items() if value is None}
        for name, one in read["services"].items()
    }


def fill_in(text: str, environment: dict[str, str]) -> str:
    """Replace `${NAME}`, `${NAME:-default}` and `${NAME:?why}`; the last must be there."""

    def value(found: re.Match[str]) -> str:
        name, kind, otherwise = found.groups()
        if environment.get(name):
            return environment[name]
        if kind == "?":
            raise KeyError(f"{name}: {otherwise}")
        return otherwise or ""

    return VARIABLE.sub(value, text)


def required() -> set[str]:
    """The variables without which nothing starts."""
    return {name for name, kind, _ in VARIABLE.findall(FILE.read_text()) if kind == "?"}


def ours(every: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: one for name, one in every.items() if "build" in one}


def read_yaml(path: Path) -> Any:
    """Another of the files beside it."""
    return yaml.safe_load(path.read_text())
