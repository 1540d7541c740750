"""`world.json`: the parameters of an existing world, which later starts reuse."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.source.errors import OtherWorldRecorded, WorldRecordBroken
from api.source.world.parameters import Parameters
from api.source.world.store import replace_with

if TYPE_CHECKING:
    from pathlib import Path

    from api.source.settings import SourceSettings

MODEL = 1
"""Raised when the same parameters no longer give the same world."""

_DEFAULTS = {"seed": 7, "users": 2000, "tracks": 5000, "days": 120}


def settle(settings: SourceSettings, clock: datetime) -> Parameters:
    """Return the recorded parameters, or record the asked ones (else defaults) as a new world's.

    Raises `OtherWorldRecorded` when something else was asked for than what is recorded.
    """
    path = settings.folder / "world.json"
    asked = {
        name: value
        for name in (*_DEFAULTS, "launched_on")
        if (value := getattr(settings, name)) is not None
    }
    if path.exists():
        return _recorded(path, asked)
    chosen = _DEFAULTS | asked
    chosen.setdefault("launched_on", (clock - timedelta(days=chosen["days"])).date().replace(day=1))
    parameters = Parameters(**chosen)
    with replace_with(path) as temporary:
        record = {"model": MODEL, **asdict(parameters)}
        temporary.write_text(json.dumps(record, default=str, indent=2) + "\n", encoding="utf-8")
    return parameters


def _recorded(path: Path, asked: dict[str, Any]) -> Parameters:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        model = record.pop("model")
        record["launched_on"] = date.fromisoformat(record["launched_on"])
        parameters = Parameters(**record)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise WorldRecordBroken(path, f"{type(error).__name__}: {error}") from error
    differences = [
        f"{name} {getattr(parameters, name)}, asked for {value}"
        for name, value in asked.items()
        if getattr(parameters, name) != value
    ]
    if model != MODEL:
        differences.insert(0, f"model {model}, this version makes model {MODEL}")
    if differences:
        raise OtherWorldRecorded(path.parent, differences)
    return parameters
