"""What can be wrong with a file of the lake or a published one, each named by what happened."""

from pathlib import Path


class LakeError(Exception):
    """Parent of the errors of this folder: each message is one line that says what to do."""


class NothingPublished(LakeError):
    """There is no published file to read yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"nothing is published yet ({path} is missing); `moovitamix run` makes it")


class PublicationDamaged(LakeError):
    """A published file is not what was published."""

    def __init__(self, path: Path, why: str) -> None:
        self.why = why
        super().__init__(
            f"{path} is not as it was published: {why}; `moovitamix publish` publishes it again"
        )


class PublicationInUse(LakeError):
    """Another process has a published file open for writing, which shuts readers out."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is open for writing elsewhere, close that session or run"
            f" `moovitamix publish` for a new file: {reason}"
        )


class DamagedFile(LakeError):
    """A file of the lake is not what was written: by a failing disk, or by hand."""

    def __init__(self, path: object, why: str) -> None:
        super().__init__(f"{path} can't be read, put it back from a backup: {why}")
