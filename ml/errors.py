"""What can go wrong between listens and a model, each named by what happened."""


class MlError(Exception):
    """Parent of every named failure; its message is one line that says what to do."""


class NotFitted(MlError):
    """A model was asked for scores before it had seen any data."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the model {name} has not been trained yet")


class DamagedModel(MlError):
    """A model's file can't be read, or is not what was written."""

    def __init__(self, where: object, why: str) -> None:
        super().__init__(f"{where} is no model that was written whole: {why}")


class ModelElsewhere(MlError):
    """A model that knows a person who is to be forgotten lies where it can't be written anew."""

    def __init__(self, number: int, where: str) -> None:
        super().__init__(
            f"version {number} knows the person, and its arrays are at {where}:"
            " delete the version in MLflow and its files there, then forget once more"
        )


class TooFewListens(MlError):
    """There is too little to learn from, or nothing left to judge by."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"too few listens: {why}")


class UnreadableTable(MlError):
    """A file of listens, tracks or users can't be read as Parquet or CSV."""

    def __init__(self, path: object, why: str) -> None:
        super().__init__(f"{path} can't be read: {why}")


class MissingColumn(MlError):
    """A file lacks a column without which it says nothing."""

    def __init__(self, path: object, column: str, has: list[str]) -> None:
        super().__init__(f"{path} has no column {column}, only {', '.join(has)}")


class NothingToLearnFrom(MlError):
    """There is no published data, or no features, yet."""


class NoChampion(MlError):
    """No model has been promoted yet."""

    def __init__(self) -> None:
        super().__init__("no model has been promoted yet; `moovitamix train` trains and judges one")


class NothingToRollBackTo(MlError):
    """There is no earlier champion."""

    def __init__(self) -> None:
        super().__init__("there is no earlier champion to go back to")


class UnusableModel(MlError):
    """A model can't be used: it is not what was written, or its scores say nothing."""


class PagesPortTaken(MlError):
    """Something listens on the port that MLflow's pages were to have."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is taken: --port chooses another")


class PagesDied(MlError):
    """MLflow's server ended by itself."""

    def __init__(self, code: int) -> None:
        super().__init__(f"MLflow's server ended with {code}; what it said stands above")
