"""Check of all settings at the start of a command: wrong values and unknown names."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from orchestration.run.errors import SettingsWrong
from orchestration.run.settings import SECRET_NAMES

Kind = type[BaseSettings]

PREFIX = "MOOVITAMIX_"
# Read by dbt's files alone, or set by us for them.
OF_DBT = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("PIECE", "RUN_ID", "VERSION"),
        *("SPARK_CATALOG", "SPARK_FORMAT", "SPARK_JAVA_OPTIONS"),
    )
)
LONGEST_VALUE = 80
EXAMPLES: dict[Any, str] = {
    bool: "true or false",
    timedelta: "as PT1H",
    datetime: "as 2026-03-01T21:00:00",
    date: "as 2026-03-01",
}
EXAMPLES_BY_NAME = {"memory_limit": "as 4GB", "memory": "as 2g"}
_LOGIN = re.compile(r"//[^/@]*@")


@cache
def kinds() -> dict[str, Kind]:
    """Return every class of settings by its name."""
    from api.serving.settings import ServingSettings
    from api.source.settings import SourceSettings
    from ingestion.settings import IngestionSettings
    from ml.settings import MlSettings, SparkSettings
    from orchestration.run import settings
    from orchestration.run.stack_settings import ContainerSettings, ExploreSettings, StackSettings

    every: tuple[Kind, ...] = (
        settings.Settings,
        IngestionSettings,
        MlSettings,
        ServingSettings,
        SourceSettings,
        SparkSettings,
        StackSettings,
        ContainerSettings,
        settings.AgentSettings,
        settings.SmokeSettings,
        settings.ScheduleSettings,
        settings.AlertSettings,
        ExploreSettings,
    )
    return {kind.__name__: kind for kind in every}


def require_right(**given: Any) -> None:  # noqa: ANN401 - fields of any of the classes
    """Raise `SettingsWrong` with every setting that can't be used.

    Args:
        **given: Values that the command line gives, which are stronger than the environment's.

    """
    faults: dict[str, None] = {}
    for kind in kinds().values():
        own = {name: one for name, one in given.items() if name in kind.model_fields}
        try:
            kind(**own)
        except ValidationError as error:
            faults |= dict.fromkeys(faults_in(error))
    if faults:
        raise SettingsWrong("; ".join(faults))


def faults_in(error: ValidationError) -> Iterator[str]:
    """Return a message for each invalid setting: its variable, its value, and what is valid."""
    kind = kinds().get(error.title)
    for fault in error.errors():
        if not fault["loc"]:  # of several settings, named in the message: the input is all of them
            yield fault["msg"].removeprefix("Value error, ")
            continue
        name = str(fault["loc"][0])
        field = kind.model_fields.get(name) if kind else None
        variable = variable_of(kind, name, field) if kind and field else name
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "string_pattern_mismatch":
            message = "it can't be understood"
        by_type = (one for type_, one in EXAMPLES.items() if _is(field, type_))
        example = EXAMPLES_BY_NAME.get(name) or next(by_type, "")
        yield _LOGIN.sub(
            "//…@",
            f"{variable} is {_format(variable, fault['input'], field)}:"
            f" {message[:1].lower()}{message[1:]}{f' ({example})' if example else ''}",
        )


def unknown(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a message for each unknown `MOOVITAMIX_…`, with the one that may be meant."""
    known = {
        variable_of(kind, name, field)
        for kind in kinds().values()
        for name, field in kind.model_fields.items()
    } | OF_DBT
    messages = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, 1, cutoff=0.8)
            messages.append(f"{name} is no setting{f'; is {near[0]} meant?' if near else ''}")
    return messages


def variable_of(kind: Kind, name: str, field: FieldInfo) -> str:
    """Return the environment variable from which a field is read.

    Args:
        kind: The settings class.
        name: The field.
        field: Its definition.

    """
    alias = field.validation_alias
    choices: list[Any] = [alias]
    if isinstance(alias, AliasChoices):
        choices = list(alias.choices)
    named = [one for one in choices if isinstance(one, str) and one.isupper()]
    return named[0] if named else f"{kind.model_config['env_prefix']}{name}".upper()


def _format(variable: str, value: object, field: FieldInfo | None) -> str:
    if _is(field, SecretStr) or SECRET_NAMES.search(variable):
        return "(a secret, not shown)"
    text = str(value)
    return repr(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…")


def _is(field: FieldInfo | None, kind: object) -> bool:
    """Whether a field is of a type, or may be."""
    if field is None:
        return False
    return field.annotation is kind or kind in get_args(field.annotation)
