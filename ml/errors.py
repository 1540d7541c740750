"""Errors of training and recommending, each named by what happened."""

import re

from lake.errors import MoovitamixError

_MOST_NAMES, _LONGEST_NAME = 20, 40
"""Of the columns that a message lists: a file without a header may have thousands."""


class MlError(MoovitamixError):
    """Base of all errors here; the message is one line that says what to do."""


class NotFitted(MlError):
    """A model was asked for scores before it had seen any data."""

    runbook = "model-not-promoted"

    def __init__(self, name: str) -> None:
        super().__init__(f"the model {name} has not been trained yet")


class DamagedModel(MlError):
    """A model's file can't be read, or is not what was written."""

    runbook = "model-not-promoted"

    def __init__(self, where: object, why: str) -> None:
        super().__init__(f"{where} is no model that was written whole: {why}")


class ModelElsewhere(MlError):
    """A model that knows a person to erase is stored where it can't be rewritten."""

    runbook = "forgetting"

    def __init__(self, number: int, where: str) -> None:
        super().__init__(
            f"version {number} knows the person, and its arrays are at {where}:"
            " delete the version in MLflow and its files there, then forget once more"
        )


class TrackingDamaged(MlError):
    """MLflow's database can't be read; models recorded in the lake can still be used."""

    runbook = "tracking-database"

    def __init__(self, path: object, why: str) -> None:
        super().__init__(
            f"MLflow's database {path} can't be used ({why}): put it back from a backup, or move it"
            " away, and the next training makes it again with the versions that the lake knows"
        )


class TrackingOutdated(MlError):
    """MLflow's database has the schema of another MLflow."""

    runbook = "tracking-database"

    def __init__(self, url: str, revision: str, *, is_older: bool) -> None:
        where = re.sub(r"//[^/@]*@", "//…@", url)
        todo = (
            "back it up, then `mlflow db upgrade URL`"
            if is_older
            else "use the MLflow that made it, or a backup"
        )
        super().__init__(
            f"MLflow's database {where} has the schema {revision}, which is of"
            f" {'an older' if is_older else 'a newer'} MLflow: {todo}"
        )


class TrainingUnderWay(MlError):
    """Another process trains in the same data folder."""

    runbook = "warehouse-busy"

    def __init__(self, folder: object) -> None:
        super().__init__(f"another process trains in {folder}: wait until it has ended")


class TooFewListens(MlError):
    """There is too little to learn from or to evaluate on."""

    runbook = "model-not-promoted"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"too few listens: {why}")


class UnreadableTable(MlError):
    """A file of listens, tracks or users can't be read without a guess."""

    runbook = "training-data"

    def __init__(self, path: object, why: str) -> None:
        super().__init__(f"{path} can't be read: {why}")


class MissingColumn(MlError):
    """A file lacks a required column."""

    runbook = "training-data"

    def __init__(self, path: object, column: str, has: list[str], hint: str = "") -> None:
        shown = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in has]
        names = ", ".join(" ".join(name.split()) for name in shown[:_MOST_NAMES])
        more = f" and {len(has) - _MOST_NAMES} more" if len(has) > _MOST_NAMES else ""
        super().__init__(
            f"{path} has no column {column}, only {names}{more}" + (f"; {hint}" if hint else "")
        )


class NoSharedIds(MlError):
    """Metadata are of other tracks or users than the listens."""

    runbook = "training-data"

    def __init__(
        self, path: object, listens: object, column: str, ours: object, theirs: object
    ) -> None:
        super().__init__(
            f"{path} shares no {column} with {listens}: one has {ours!r}, the other {theirs!r};"
            " give metadata of the same ids, written in the same way"
        )


class UnknownTimeZone(MlError):
    """A time zone's name is not in the tz database."""

    runbook = "training-data"

    def __init__(self, name: str) -> None:
        super().__init__(f"no time zone is called {name!r}: give one such as Europe/Paris")


class NothingToLearnFrom(MlError):
    """There is no published data, or no features, yet."""

    runbook = "model-not-promoted"


class NoChampion(MlError):
    """No model has been promoted yet."""

    runbook = "model-not-promoted"

    def __init__(self) -> None:
        super().__init__(
            "no model has been promoted yet; `moovitamix train` trains and evaluates one"
        )


class NothingToRollBackTo(MlError):
    """There is no earlier champion."""

    runbook = "model-rolled-back"

    def __init__(self) -> None:
        super().__init__("there is no earlier champion to go back to")


class UnusableModel(MlError):
    """A model can't be used: its file has changed, or its scores are meaningless."""

    runbook = "model-not-promoted"


class PagesPortTaken(MlError):
    """Something listens on the port that MLflow's pages were to have."""

    runbook = "training-data"

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken: --port chooses another")


class PagesDied(MlError):
    """MLflow's server ended by itself."""

    runbook = "training-data"

    def __init__(self, code: int) -> None:
        super().__init__(f"MLflow's server ended with {code}; its messages are above")
