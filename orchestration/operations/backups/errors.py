"""Errors of backups; each message says what to do."""

from pathlib import Path

from orchestration.run.errors import OrchestrationError


class BackupDamaged(OrchestrationError):
    """A backup is not what was written: nothing is restored from it."""

    runbook = "backups"

    def __init__(self, backup: Path, why: str) -> None:
        super().__init__(f"{backup} is damaged, nothing was restored: {why}; take another backup")


class ListDamaged(OrchestrationError):
    """The list of the forgotten beside backups is not what was written."""

    runbook = "backups"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} can't be read, so the people to erase are unknown: put it back, or"
            " remove it where the data folder is well, and `moovitamix backup` writes it again"
        )


class PlaceUnusable(OrchestrationError):
    """Backups can't be kept where they are to be kept."""

    runbook = "backups"

    def __init__(self, place: Path, why: str) -> None:
        super().__init__(f"no backup can be kept in {place}: {why}; give another folder")


class NoBackup(OrchestrationError):
    """There is no whole backup where one was looked for."""

    runbook = "backups"

    def __init__(self, place: Path) -> None:
        super().__init__(f"there is no backup in {place}; `moovitamix backup` makes one")


class BackupsInside(OrchestrationError):
    """Backups inside the data folder would be lost with it."""

    runbook = "backups"

    def __init__(self, place: Path, data_dir: Path) -> None:
        super().__init__(f"{place} and {data_dir} lie in each other; keep backups elsewhere")


class DataInTheWay(OrchestrationError):
    """A restore would replace data, and `--force` is not given."""

    runbook = "backups"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"{data_dir} is not empty; --force replaces all that is in it")


class NotExchanged(OrchestrationError):
    """The data folder can't be replaced in one instant where it is."""

    runbook = "backups"

    def __init__(self, data_dir: Path, why: str) -> None:
        super().__init__(
            f"{data_dir} can't be replaced in one instant ({why}); restore with"
            " MOOVITAMIX_DATA_DIR set to a folder that is no mount point itself"
        )
