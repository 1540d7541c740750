"""Errors of files in the lake and of published files."""

from pathlib import Path
from typing import ClassVar


class MoovitamixError(Exception):
    """Parent of every failure that has a name: its message is one line that says what to do."""

    retryable: ClassVar[bool] = False
    """Whether the same again, later, may succeed: a scheduler tries it again."""
    runbook: ClassVar[str | None] = None
    """The page of `docs/runbooks/` that helps, without its ending."""


class LakeError(MoovitamixError):
    """Parent of the errors of this folder: each message is one line that says what to do."""


class NothingPublished(LakeError):
    """There is no published file to read yet."""

    runbook = "not-validated"

    def __init__(self, path: Path) -> None:
        super().__init__(f"nothing is published yet ({path} is missing); `moovitamix run` makes it")


class PublicationDamaged(LakeError):
    """A published file is not what was published."""

    runbook = "publication-damaged"

    def __init__(self, path: Path, why: str) -> None:
        self.why = why
        super().__init__(
            f"{path} is not as it was published: {why}; `moovitamix publish` publishes it again"
        )


class PublicationInUse(LakeError):
    """Another process has a published file open for writing, which shuts readers out."""

    runbook = "publication-damaged"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is open for writing elsewhere, close that session or run"
            f" `moovitamix publish` for a new file: {reason}"
        )


class DamagedFile(LakeError):
    """A file of the lake is not what was written: by a failing disk, or by hand."""

    runbook = "lake-unreachable"

    def __init__(self, path: object, why: str) -> None:
        super().__init__(f"{path} can't be read, put it back from a backup: {why}")


class FormatNewer(LakeError):
    """A newer version of the project wrote the data folder."""

    runbook = "data-format"

    def __init__(self, data_dir: Path, found: int, writer: str, known: int, ours: str) -> None:
        super().__init__(
            f"{data_dir} has format {found}, written by version {writer}, and version {ours} knows"
            f" formats up to {known}: install version {writer} or newer"
        )


class FormatUnknown(LakeError):
    """The stamp of the data folder's format can't be read."""

    runbook = "data-format"

    def __init__(self, stamp: Path) -> None:
        super().__init__(
            f"{stamp} can't be read: put it back from a backup, or remove it if no newer version"
            " wrote the folder"
        )


class InboxUnavailable(LakeError):
    """The inbox of feedback can't be read or written."""

    retryable = True
    runbook = "serving-down"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"the inbox of feedback ({place}) can't be used: {reason}; start its database, or put"
            " its file back from a backup"
        )
