"""The smoke check: compares served recommendations, over HTTP, with published ones."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

_LOOK_EVERY = 0.1
_TRACKS = 10
UNREACHABLE = "/ready: no answer"
"""The start of the message where no server answers."""


class SmokeFailed(Exception):
    """A failed check, in one line."""


@dataclass(frozen=True, slots=True)
class ServingClient:
    """A client of a server, with its key."""

    url: str
    key: str

    def answer(self, path: str, body: object = None) -> dict[str, Any]:
        """Return an answer; raise `SmokeFailed` when there is none."""
        try:
            answered = urllib3.request(
                "GET" if body is None else "POST",
                f"{self.url.rstrip('/')}{path}",
                headers={"x-api-key": self.key},
                json=body,
                timeout=5,
                retries=False,
            )
            found: dict[str, Any] = answered.json()
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise SmokeFailed(f"no answer: {type(error).__name__}") from error
        if answered.status != 200:
            raise SmokeFailed(f"{answered.status}: {found.get('detail', 'no reason given')}")
        return found


def smoke(  # noqa: PLR0913 - the server, the users, and what may be
    url: str,
    key: str,
    *,
    users: Sequence[int],
    model_version: int | None,
    may_be_old: bool = False,
    patience: float = 30.0,
) -> str | None:
    """Ask /ready, /model, one user and one batch; return what is wrong in one line, or None.

    `users` are some that the predictions are made for, at most 100; `model_version` is the one that
    must be served; none: popular tracks alone. Predictions of a run by a clock of the past
    `may_be_old`. A server that has not seen the publication yet gets `patience` seconds.

    Args:
        url: The server.
        key: An API key.
        users: Users that have predictions, at most 100.
        model_version: The version that must be served; None for popular tracks alone.
        may_be_old: Whether predictions may be stale: of a run by a clock of the past.
        patience: Seconds that the server has to see the publication.

    """
    client = ServingClient(url, key)
    until = time.monotonic() + patience
    while True:
        try:
            _check(client, list(users), model_version, may_be_old=may_be_old)
        except SmokeFailed as wrong:
            if time.monotonic() >= until:
                return str(wrong)
        else:
            return None
        time.sleep(_LOOK_EVERY)


def _check(
    client: ServingClient, users: list[int], model_version: int | None, *, may_be_old: bool
) -> None:
    ready = _answer_of("/ready", client.answer, "/ready")
    _require(ready["degraded"] is None, f"/ready: {ready['degraded']}")
    model = _answer_of("/model", client.answer, "/model")
    served = model["model_version"]
    _require(served == model_version, f"/model: version {served}, not {model_version}")
    is_fresh = may_be_old or not model["stale"]
    _require(is_fresh, f"/model: its predictions are old, of {model['made_at']}")
    if not users:
        return
    # users are not named: the message may go to anybody
    alone = _answer_of(
        "one user", client.answer, f"/users/{users[0]}/recommendations?limit={_TRACKS}"
    )
    arms = {one["arm"]: one["model_version"] for one in model.get("arms", [])}
    _check_version("one user", alone, arms.get(alone.get("arm"), model_version))
    _check_user("one user", alone)
    batch = _answer_of(
        "a batch", client.answer, "/recommendations:batch", {"user_ids": users, "limit": _TRACKS}
    )
    _check_version("a batch", batch, model_version)
    _require(len(batch["answers"]) == len(users), "a batch: not an answer for each user")
    for answer in batch["answers"]:
        _check_user("a batch", answer)
    _require(batch["answers"][0]["items"] == alone["items"], "a batch: other tracks than alone")


def _check_version(where: str, answer: dict[str, Any], model_version: int | None) -> None:
    # The server may have gone to another publication since /model was asked.
    version = answer["model_version"]
    _require(version == model_version, f"{where}: of version {version}, not {model_version}")


def _check_user(where: str, answer: dict[str, Any]) -> None:
    items = answer["items"]
    _require(answer["known"], f"{where}: a user with predictions is not known")
    _require(bool(items), f"{where}: no tracks")
    ranks = [item["rank"] for item in items]
    _require(ranks == list(range(1, len(items) + 1)), f"{where}: ranks are {ranks}")
    tracks = {item["track_id"] for item in items}
    _require(len(tracks) == len(items), f"{where}: a track is there twice")


def _answer_of(where: str, answer: Any, *question: object) -> dict[str, Any]:  # noqa: ANN401
    try:
        found: dict[str, Any] = answer(*question)
    except SmokeFailed as wrong:
        raise SmokeFailed(f"{where}: {wrong}") from wrong
    return found


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SmokeFailed(otherwise)
