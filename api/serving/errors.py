"""Errors of the serving API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.errors import ApiError

if TYPE_CHECKING:
    from pathlib import Path


class ServingError(ApiError):
    """Recommendations cannot be served: the message is one line that says what to do."""


class NoKeys(ServingError):
    """It would listen beyond this machine without any API key."""

    runbook = "serving-down"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"will not listen on {host} without any API key: `moovitamix key add NAME` makes one"
        )


class AlreadyServing(ServingError):
    """Another server works in the same folder."""

    runbook = "serving-down"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"another server serves from {folder}: stop it, or set MOOVITAMIX_SERVING_DIR "
            "to another folder"
        )


class DiedAtStart(ServingError):
    """A process of the server ended before it was ready."""

    runbook = "serving-down"

    def __init__(self, name: str, code: int | None) -> None:
        super().__init__(f"the {name} ended with {code} before it was ready; its log says why")


class KeyNameTaken(ServingError):
    """A key of this name exists."""

    runbook = "serving-down"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is a key {name!r} already: remove it first, or choose another name"
        )


class KeyNameWrong(ServingError):
    """The name would not do in a log or a file."""

    runbook = "serving-down"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is no name for a key: up to 40 of a-z, 0-9, - and _, the first a letter"
        )


class NoSuchKey(ServingError):
    """There is no key of this name."""

    runbook = "serving-down"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no key {name!r}; `moovitamix key list` shows them")


class TooManyKeys(ServingError):
    """Every slot of the rate limit is taken."""

    runbook = "serving-down"

    def __init__(self, most: int) -> None:
        super().__init__(f"there are {most} keys already, the most there can be: remove one first")


class KeysFileBroken(ServingError):
    """`keys.json` is there but can't be understood."""

    runbook = "serving-down"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} can't be read ({reason}): put it back from a backup, or remove it and make new"
            " keys with `moovitamix key add NAME`"
        )


class SnapshotDamaged(ServingError):
    """The snapshot, or the file that names it, is damaged."""

    runbook = "serving-down"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} or the snapshot that it names is damaged ({reason}): the former one is"
            " served until it is prepared again from the published file, without your help"
        )


class PublicationUnusable(ServingError):
    """The published file is missing, broken, or holds nothing that could be served."""

    runbook = "serving-down"
