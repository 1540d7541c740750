"""Response schemas of the OpenAPI document, and the request schema of a batch.

Answers are bytes put together from ready pieces; of these models only `BatchAsked` sees a request.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.serving.settings import LARGEST_BATCH, LARGEST_LIMIT

Id = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
UserId = Annotated[Id, Path(description="a user of the app", examples=[4])]
TrackId = Annotated[Id, Path(description="a track of the app", examples=[801])]
Limit = Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="tracks at most", examples=[10])]
Instant = Annotated[
    # OpenAPI's own `date-time` would want a zone, and these have none
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$")
]
Strategy = Literal["model", "neighbours", "metadata", "popularity", "again"]

ARM = "the arm of an experiment that the user is in, `experiment/arm`; null: none"
TRACK: dict[str, Any] = {"track_id": 801, "name": "Evening", "artist": "The Teal Rivers"}
SEED: dict[str, Any] = {"track_id": 17, "name": "Message", "artist": "The Teal Rivers"}
ITEM: dict[str, Any] = {
    "rank": 1,
    **TRACK,
    "score": 1.8125,
    "strategy": "model",
    "because": SEED,
}
MADE: dict[str, Any] = {
    "model_version": 3,
    "made_at": "2026-11-22T06:04:11.318204",
    "stale": False,
}
_USER: dict[str, Any] = {
    "user_id": 4,
    "known": True,
    "strategy": "model",
    "arm": None,
    "items": [ITEM],
}
_COLD: dict[str, Any] = {
    "user_id": 9_000_000,
    "known": False,
    "strategy": "popularity",
    "arm": None,
    "items": [ITEM | {"score": 112, "strategy": "popularity", "because": None}],
}
_SIMILAR: dict[str, Any] = {
    "track_id": 17,
    **MADE,
    "items": [{"rank": 1, **TRACK, "similarity": 0.62}],
}


class Shown(BaseModel):
    """Anything that an answer shows."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Track(Shown):
    """A track; its names are null until the app reports them."""

    track_id: int
    name: str | None
    artist: str | None


class Item(Track):
    """A recommended track."""

    rank: int = Field(description="from 1, the best")
    score: float = Field(
        description="compares within an answer and strategy; of popular tracks alone: listeners"
    )
    strategy: Strategy
    because: Track | None = Field(description="a track the user listened to that speaks for it")


class Made(Shown):
    """Which predictions an answer is from."""

    model_version: int | None = Field(
        description="of the model that made the predictions; for several users, the champion's"
    )
    made_at: Instant = Field(description="when the predictions were made: UTC, without a zone")
    stale: bool = Field(description="whether that is longer ago than it should be")


class User(Shown):
    """One user's tracks."""

    user_id: int
    known: bool = Field(description="false: the app has no such user, who gets the popular tracks")
    strategy: Strategy = Field(description="how the best of the tracks was chosen")
    arm: str | None = Field(description=ARM)
    items: list[Item]


class Recommendations(User, Made):
    """One user's tracks, and which predictions they are from."""

    model_config = ConfigDict(json_schema_extra={"examples": [_USER | MADE, _COLD | MADE]})


class Batch(Made):
    """Several users' tracks, in the order they were asked for."""

    model_config = ConfigDict(json_schema_extra={"example": MADE | {"answers": [_USER, _COLD]}})

    answers: list[User]


class BatchAsked(BaseModel):
    """Whose tracks are wanted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"user_ids": [4, 9_000_000], "limit": 10}}
    )

    user_ids: list[Id] = Field(min_length=1, max_length=LARGEST_BATCH)
    limit: int = Field(default=10, ge=1, le=LARGEST_LIMIT, description="tracks at most, for each")


class SimilarTrack(Track):
    """A track that goes with another."""

    rank: int
    similarity: float


class Similar(Made):
    """The tracks most like one; none where too little is known of it."""

    model_config = ConfigDict(json_schema_extra={"example": _SIMILAR})

    track_id: int
    items: list[SimilarTrack]


class Champion(Shown):
    """The model: what it is, what it learnt from, how good it was on days it had not seen."""

    name: str | None = Field(examples=["blend"])
    model_hash: str | None
    trained_at: Instant | None
    promoted_at: Instant | None
    data_as_of: Instant | None
    load_ids: list[str] = Field(description="the data it learnt from: accepted loads")
    git_commit: str | None
    metrics: dict[str, float | None] = Field(examples=[{"ndcg_at_10": 0.24, "coverage": 0.61}])


class Arm(Shown):
    """An arm of an experiment."""

    arm: str = Field(examples=["new-blend/challenger"])
    model_version: int
    users: int


class Model(Made):
    """What is served now."""

    data_as_of: Instant | None = Field(description="no listen after this was known to it")
    champion: Champion | None = Field(
        description="null: there is no list yet, all users get the popular tracks"
    )
    publication_version: int
    published_at: Instant
    users: int = Field(description="users with their own tracks")
    tracks: int
    arms: list[Arm] = Field(description="of the experiments that run")


class Health(Shown):
    """That the process answers."""

    status: Literal["ok"]


class Ready(Shown):
    """That it has something to serve."""

    status: Literal["ready"]
    model_version: int | None
    publication_version: int
    degraded: str | None = Field(description="why it serves the last good answers, if it does")
