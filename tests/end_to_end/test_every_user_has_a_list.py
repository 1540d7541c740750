"""After the first run of any app every known user has a whole list and playlists.

In the marts, and over HTTP.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lake import log
from tests.support.emptied import with_proofs
from tests.support.installation import Installation
from tests.support.original_api import OriginalApi, catalogue
from tests.support.original_api import serving as app_of
from tests.support.serving_server import RunningServing, serving, wait_for
from tests.support.small_apps import SmallApp

if TYPE_CHECKING:
    from pathlib import Path

EVENING = datetime(2026, 3, 1, 21)
STRANGER = 123_456_789
ALL = list(range(1, 61))
PLAYLISTS = """
select distinct user_id from playlists where day = (select max(day) from playlists) order by all
"""
APPS = {
    "one user, one track": (SmallApp(1, 1, {1: [1]}), {"again"}),
    "one user, no listen": (SmallApp(1, 60, {}), {"metadata", "popularity"}),
    "all heard, and by a user that the app does not name": (
        SmallApp(3, 60, {1: ALL, 2: ALL[:30], 77: ALL}),
        {"neighbours", "metadata", "popularity", "again"},
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (at > 0)) for at, name in enumerate(APPS)],
)
def test_the_smallest_apps_have_whole_lists_after_their_first_run(
    tmp_path: Path, data_home: Path, name: str
) -> None:
    app, strategies = APPS[name]
    app.write_world(tmp_path / "world")
    installation = Installation(
        with_proofs(tmp_path / "data", data_home),
        {"MOOVITAMIX_SOURCE_WORLD": str(tmp_path / "world")},
    )
    installation.does("run", "--as-of", EVENING.isoformat())
    users = {*range(1, app.users + 1), *app.heard}
    require_lists(installation, users, min(50, app.tracks))
    found = {row[0] for row in installation.ask("select distinct strategy from recommendations")}
    assert found == strategies


@pytest.mark.slow
def test_an_app_that_draws_all_records_again_has_whole_lists_day_after_day(tmp_path: Path) -> None:
    api = OriginalApi(catalogue(1))
    with app_of(api):
        installation = Installation(tmp_path / "data", {"MOOVITAMIX_API_URL": api.url})
        for day in range(5):
            as_of = datetime(2026, 1, 21, 21) + timedelta(days=day)
            api.records = catalogue(day + 1, until=as_of)
            installation.does("run", "--as-of", as_of.isoformat())
            users = {row[0] for row in installation.ask("select user_id from dim_users")}
            assert users >= {user["id"] for user in api.records["users"]}
            require_lists(installation, users, 50)
    lake = str(tmp_path / "data" / "lake")
    trained = {row["model_version"] for row in log.read(lake, "models")}
    decided = {
        row[version]
        for row in log.read(lake, "promotions")
        for version in ("model_version", "challenger_version")
    }
    assert trained <= decided, "no training is for nothing: each was evaluated"
    assert installation.ask("select count(distinct day) from playlists") == [(5,)]


def require_lists(installation: Installation, users: set[Any], number: int) -> None:
    """Require a list of that many tracks of each user, and no other, in the marts and over HTTP."""
    lists = "select user_id, count(*), max(rank) from recommendations group by user_id order by 1"
    assert installation.ask(lists) == [(user, number, number) for user in sorted(users)]
    assert installation.ask(PLAYLISTS) == [*((user,) for user in sorted(users)), (None,)]
    first = installation.ask("select user_id, strategy from recommendations where rank = 1")
    strategies = {row[0]: row[1] for row in first}
    ((version,),) = installation.ask("select version from publication")
    asked = sorted(users)[:99]
    with serving(installation.data_dir) as app:
        wait_for(lambda: app.get("/model")["publication_version"] == version, seconds=60)
        body = {"user_ids": [*asked, STRANGER], "limit": 50}
        require_playlists(app, installation, asked)
        *own, stranger = app.ask("/recommendations:batch", method="POST", body=body).json()[
            "answers"
        ]
    assert [(answer["user_id"], answer["known"]) for answer in own] == [
        (user, True) for user in asked
    ]
    assert [answer["strategy"] for answer in own] == [strategies[user] for user in asked]
    assert {len(answer["items"]) for answer in own} == {number}
    assert (stranger["known"], stranger["strategy"]) == (False, "popularity")
    assert len(stranger["items"]) == number


def require_playlists(app: RunningServing, installation: Installation, users: list[Any]) -> None:
    """Require that the app can show the newest day's playlists, each with all of its tracks."""
    found = installation.ask(
        "select user_id, playlist_id, tracks from playlists"
        " where day = (select max(day) from playlists)"
    )
    tracks: dict[Any, Any] = {name: number for _, name, number in found}
    for user in [*users, STRANGER]:
        own = {name for whose, name, _ in found if whose == user}
        answer = app.get(f"/users/{user}/playlists")
        shown = {one["playlist_id"]: one["tracks"] for one in answer["playlists"]}
        assert shown.keys() == own | {"popular"}
        assert (bool(own), answer["known"]) == (user != STRANGER,) * 2
        for name, number in shown.items():
            items = app.get(f"/playlists/{name}")["items"]
            assert len({item["track_id"] for item in items}) == number == tracks[name] > 0
