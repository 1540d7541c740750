"""The manifest of a snapshot: JSON beside its arrays."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

STRATEGIES = ("model", "neighbours", "metadata", "popularity", "again")
"""How a track was chosen; arrays hold positions in it."""
FORMAT = 4
"""Raised when the arrays change: older snapshots are then prepared again."""


class Champion(BaseModel):
    """The model that made the predictions, as the published file describes it."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    name: str | None
    model_hash: str | None
    trained_at: str | None
    promoted_at: str | None
    data_as_of: str | None
    load_ids: list[str]
    git_commit: str | None
    metrics: dict[str, float | None]


class PlaylistBatch(BaseModel):
    """Which playlists are served; day and version are null where only the popular tracks are."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    day: str | None
    model_version: int | None
    reasons: list[str]
    """Why a track is in a playlist; arrays hold positions in it."""


class Arm(BaseModel):
    """An arm of an experiment, and which model made its lists."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    arm: str
    """`experiment/arm`."""
    model_version: int
    users: int


class Manifest(BaseModel):
    """The publication and the model of a snapshot; instants are ISO 8601, UTC."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    format: int = FORMAT
    source: tuple[int, int, int]
    """Inode, time and size of the published file."""
    publication_version: int
    published_at: str
    has_predictions: bool
    model_version: int | None
    made_at: str
    data_as_of: str | None
    users: int
    """Users with their own list."""
    tracks: int
    similar: int
    """Tracks that similar ones are known of."""
    champion: Champion | None
    arms: list[Arm]
    """Arrays hold positions in it."""
    popular: list[tuple[int, int]]
    """Places of the popular tracks among all, the first first, and their listeners."""
    playlists: PlaylistBatch
    files: dict[str, tuple[int, int]] = {}
    """Size and CRC-32 of each array, to know a damaged one by."""


class Pointer(BaseModel):
    """The snapshot served now, and why it is not a newer one."""

    model_config = ConfigDict(frozen=True)

    folder: str | None = None
    degraded: str | None = None
