"""Errors of experiments, each named by what happened."""

from ml.errors import MlError


class ExperimentError(MlError):
    """Base of the errors of experiments."""

    runbook = "experiments"


class ExperimentsUnreadable(ExperimentError):
    """The file of experiments is missing, is no TOML, or says what can't be."""

    def __init__(self, path: object, why: str) -> None:
        super().__init__(f"{path}: {why}")


class UnknownExperiment(ExperimentError):
    """There is no experiment of that name."""

    def __init__(self, name: str, where: object, known: list[str]) -> None:
        there = f"there is {', '.join(known)}" if known else "there is none"
        super().__init__(f"{where} has no experiment {name}: {there}")


class UnknownModelVersion(ExperimentError):
    """An arm names a version that was never registered."""

    def __init__(self, arm: str, version: int, known: list[int]) -> None:
        there = ", ".join(map(str, known)) or "none"
        super().__init__(f"arm {arm}: there is no version {version} of the model, only {there}")


class ExperimentRuns(ExperimentError):
    """An experiment is started that runs already."""

    def __init__(self, name: str, since: object) -> None:
        super().__init__(f"the experiment {name} runs already, from {since:%Y-%m-%d %H:%M} UTC on")


class ExperimentOver(ExperimentError):
    """An experiment is started or stopped that was stopped before."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"the experiment {name} was stopped ({reason}): its users have seen its lists,"
            " so give the next one another name"
        )


class ExperimentsOverlap(ExperimentError):
    """Two experiments want the same users."""

    def __init__(self, name: str, other: str, users: tuple[float, float]) -> None:
        super().__init__(
            f"the experiment {name} wants users of {other}, which runs on {users[0]:g} to"
            f" {users[1]:g} of them: give it another part (users = [from, until]),"
            f" or stop {other}"
        )


class ExperimentNotRunning(ExperimentError):
    """An experiment is stopped or looked at that was never started."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the experiment {name} does not run: `moovitamix experiment start {name}` starts it"
        )


class NothingProven(ExperimentError):
    """An arm's model is to be promoted, and no arm is proven better."""

    def __init__(self, line: str) -> None:
        super().__init__(f"nothing is promoted: {line}")
