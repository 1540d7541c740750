"""Ways in which data, a lake or a model can be wrong, each with the check meant for it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from tests.support.living_app import clock, newest
from tests.support.original_api import Answer, Misbehaviour, Records, Request, as_json

# The day on which things go wrong; the days before it are good and published.
TODAY = 12


@dataclass(frozen=True, slots=True)
class Corruption:
    """What goes wrong before today's run, and words of the line that stops it.

    Words with `|` between are alternatives: of a model's unit tests the first to fail is reported.
    No words: the run goes on without what is wrong, which is set aside.
    """

    stopped_by: str
    records: Callable[[Records], None] = lambda _: None
    api: Misbehaviour | None = None
    data_dir: Callable[[Path], None] | None = None
    """What happens to the lake or the build file between ingest and build."""
    model: tuple[str, str, str] | None = None
    """A file of the dbt project, a text in it, and the wrong text in its place."""
    late: timedelta = field(default_factory=timedelta)


# --- today's records -----------------------------------------------------------------------------


def spoil(table: str, count: int, **values: Any) -> Callable[[Records], None]:
    """So many of today's records with other values in them."""

    def change(records: Records) -> None:
        for record in newest(records, table, TODAY)[:count]:
            record.update(values)

    return change


def rename(table: str, name: str) -> Callable[[Records], None]:
    def change(records: Records) -> None:
        for record in newest(records, table, TODAY):
            record[f"new_{name}"] = record.pop(name)

    return change


def no_objects(records: Records) -> None:
    for record in newest(records, "listen_history", TODAY)[:20]:
        records["listen_history"][records["listen_history"].index(record)] = "gone"


def fewer(records: Records) -> None:
    for record in newest(records, "listen_history", TODAY)[10:]:
        records["listen_history"].remove(record)


def many_more(records: Records) -> None:
    today = newest(records, "listen_history", TODAY)
    for again in range(1, 13):
        for record in today:
            start = clock(TODAY) - timedelta(hours=20 - again, seconds=len(records) + again)
            records["listen_history"].append(
                record | {"user_id": record["user_id"] + again, "created_at": start.isoformat()}
            )


def twice(records: Records) -> None:
    today = newest(records, "listen_history", TODAY)[:20]
    records["listen_history"] += [record | {"items": [1]} for record in today]


def yesterday_becomes(items: Callable[[list[int]], list[int]]) -> Callable[[Records], None]:
    """The app sends yesterday's sessions again, with other listens."""

    def change(records: Records) -> None:
        updated = (clock(TODAY) - timedelta(hours=3)).isoformat()
        for record in newest(records, "listen_history", TODAY - 1):
            record.update(items=items(record["items"]), updated_at=updated)

    return change


def stands_still(records: Records) -> None:
    for table in records:
        for record in newest(records, table, TODAY):
            records[table].remove(record)


# --- the API's manners ---------------------------------------------------------------------------


def always(instead: Answer) -> Misbehaviour:
    return lambda _, __: instead


def on_sessions(change: Callable[[Request, dict[str, Any]], None]) -> Misbehaviour:
    """Every page of listen_history, changed before it is sent."""

    def misbehave(request: Request, answer: Answer) -> Answer:
        if request.table != "listen_history" or answer.status != 200:
            return answer
        body = json.loads(answer.body)
        change(request, body)
        return replace(answer, body=json.dumps(body).encode())

    return misbehave


def short_page(_: Request, body: dict[str, Any]) -> None:
    body["items"] = body["items"][:-1]


def restless_total(request: Request, body: dict[str, Any]) -> None:
    body["total"] += request.ordinal


def moving_pages(request: Request, body: dict[str, Any]) -> None:
    body["items"] = [*body["items"][1:], body["items"][request.ordinal % len(body["items"])]]


def no_envelope(_: Request, body: dict[str, Any]) -> None:
    del body["items"]


# --- the lake and the build file -----------------------------------------------------------------


def newest_file(data_dir: Path, table: str) -> Path:
    """The raw file of a table that landed last."""
    files = (data_dir / "lake" / "raw" / table).glob("*/*.parquet")
    return max(files, key=lambda path: path.name)


def torn(data_dir: Path) -> None:
    path = newest_file(data_dir, "users")
    path.write_bytes(path.read_bytes()[:200])


def retyped(data_dir: Path) -> None:
    path = newest_file(data_dir, "users")
    _rewrite(path, "select * replace ('never' as created_at)")


def halved(data_dir: Path) -> None:
    _rewrite(newest_file(data_dir, "listen_history"), "select *", "where user_id % 2 = 0")


def doubled(data_dir: Path) -> None:
    path = newest_file(data_dir, "tracks")
    load_id = path.name.rsplit(".", 2)[0]
    shutil.copy(path, path.with_name(f"{load_id}.ffffff.parquet"))


def without_verdicts(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "lake" / "ops" / "load_verdicts")


def changed(sql: str) -> Callable[[Path], None]:
    """The build file, changed behind dbt's back."""

    def change(data_dir: Path) -> None:
        with duckdb.connect(data_dir / "build.duckdb") as built:
            built.execute(sql)

    return change


def _rewrite(path: Path, select: str, where: str = "") -> None:
    draft = path.with_suffix(".draft")
    duckdb.sql(f"{select} from read_parquet('{path}', hive_partitioning=0) {where}").write_parquet(
        str(draft)
    )
    draft.replace(path)


FUTURE = (clock(TODAY) + timedelta(days=9)).isoformat()
SESSIONS, FACT = "models/intermediate/int_sessions.sql", "models/marts/fact_listen_history.sql"
MEMBERS, HISTORY = "macros/members/current_members.sql", "macros/members/member_history.sql"
TRACKS = "models/marts/dim_tracks.sql"
FACT_UNIT_TESTS = "each_item_of_a_session|a_contested_session_is_read_again"
SESSIONS_UNIT_TESTS = (
    "newest_version_of_a_session_wins|keeps_its_first_load|the_later_wins"
    "|an_empty_session_is_kept|left_to_quarantine|late_older_version_changes_nothing"
)
USERS_UNIT_TESTS = "becomes_an_inferred_member|are_looked_at_again"

PULL = {
    "the API is down": Corruption("gave no good answer", api=always(as_json(500, {}))),
    "the API refuses": Corruption("was refused with 403", api=always(as_json(403, {}))),
    "a page of HTML": Corruption("is no JSON", api=always(Answer(200, b"<html>", "text/html"))),
    "no envelope": Corruption("is no page of records", api=on_sessions(no_envelope)),
    "pages that lack a record": Corruption("the API promised", api=on_sessions(short_page)),
    "a total that never holds still": Corruption(
        "the API announced", api=on_sessions(restless_total)
    ),
    "pages that move": Corruption(
        "pages moved while they were read", api=on_sessions(moving_pages)
    ),
    "a column renamed": Corruption("users.email is missing from all", rename("users", "email")),
    "ids that became text": Corruption("tracks.id: was BIGINT", spoil("tracks", 20, id="x1")),
    "ids that became fractions": Corruption("users.id: was BIGINT", spoil("users", 20, id=1.5)),
    "times that are none": Corruption("created_at", spoil("listen_history", 20, created_at="noon")),
    "records that are no objects": Corruption("can't be read", no_objects),
}
GATE = {
    "no e-mail addresses": Corruption("users: email is known", spoil("users", 10, email=None)),
    "nonsense for e-mail addresses": Corruption(
        "users: email reads like", spoil("users", 10, email="-")
    ),
    "no first names": Corruption("users: first_name is known", spoil("users", 10, first_name=None)),
    "no titles": Corruption("tracks: name is known", spoil("tracks", 10, name=None)),
    "no artists": Corruption("tracks: artist is known", spoil("tracks", 10, artist=None)),
    "durations in seconds": Corruption("tracks: duration reads", spoil("tracks", 10, duration="9")),
    "tracks without ids": Corruption("tracks: id is known", spoil("tracks", 10, id=None)),
    "one id for many tracks": Corruption("tracks: id is unique", spoil("tracks", 10, id=77)),
    "ids beyond INTEGER": Corruption("users: id fits INTEGER", spoil("users", 10, id=2**40)),
    "tracks older than records": Corruption(
        "tracks: created_at lies between", spoil("tracks", 10, created_at="1812-01-01T00:00:00")
    ),
    "sessions without a user": Corruption(
        "user_id is known", spoil("listen_history", 20, user_id=None)
    ),
    "sessions of no time": Corruption(
        "created_at is known", spoil("listen_history", 20, created_at=None)
    ),
    "sessions of the future": Corruption(
        "created_at lies between", spoil("listen_history", 20, created_at=FUTURE)
    ),
    "endless sessions": Corruption(
        "items holds at most", spoil("listen_history", 20, items=[1] * 2_001)
    ),
    "sessions of no tracks": Corruption(
        "items holds track ids", spoil("listen_history", 20, items=[None])
    ),
    "sessions sent twice": Corruption("identify a session", twice),
    "a tenth of the sessions": Corruption("listen_history brings", fewer),
    "thirteen times the sessions": Corruption("listen_history brings", many_more),
}
SET_ASIDE = {
    "a few tracks without ids": Corruption("", spoil("tracks", 3, id=None)),
    "a few ids beyond INTEGER": Corruption("", spoil("users", 3, id=2**40)),
    "a few sessions of the future": Corruption("", spoil("listen_history", 3, created_at=FUTURE)),
    "a few sessions without a user": Corruption("", spoil("listen_history", 3, user_id=None)),
    "a few sessions of no tracks": Corruption("", spoil("listen_history", 3, items=[7, None])),
}
FRESHNESS = {
    "an app that stands still": Corruption(
        "events.newest_session is", stands_still, late=timedelta(days=3)
    ),
}
LAKE = {
    "a torn file": Corruption(".parquet", data_dir=torn),
    "a file of other types": Corruption("Conversion Error", data_dir=retyped),
    "a file that lost records": Corruption("is_accounted_for", data_dir=halved),
    "a file that is there twice": Corruption("is_accounted_for", data_dir=doubled),
    "a lake that forgot its loads": Corruption("knows nothing of", data_dir=without_verdicts),
    "listens that went from the build file": Corruption(
        "sessions_are_whole",
        data_dir=changed("delete from fact_listen_history where session_position = 1"),
    ),
    "sessions that went from the build file": Corruption(
        "sessions_are_whole", data_dir=changed("delete from staging.int_sessions where listens > 3")
    ),
}
VOLUME = {
    "a yesterday that is emptied": Corruption(
        "listens_of_yesterday_are_as_usual", yesterday_becomes(lambda _: [])
    ),
    "a yesterday that swells": Corruption(
        "listens_of_yesterday_are_as_usual", yesterday_becomes(lambda items: items * 9)
    ),
}
MODELS = {
    "versions that lost count for listens": Corruption(
        FACT_UNIT_TESTS, model=(FACT, "is_winner\n", "true\n")
    ),
    "positions that count from none": Corruption(
        FACT_UNIT_TESTS,
        model=(
            FACT,
            "    session_position,\n    etl",
            "    session_position - 1 as session_position,\n    etl",
        ),
    ),
    "listens of the day after": Corruption(
        FACT_UNIT_TESTS,
        model=(FACT, "started_at as listened_at", "started_at + interval 9 day as listened_at"),
    ),
    "a join that fans out": Corruption(
        FACT_UNIT_TESTS,
        model=(FACT, "    from sessions\n", "    from sessions cross join (values (1), (2))\n"),
    ),
    "a filter too many": Corruption(
        FACT_UNIT_TESTS, model=(FACT, "is_winner\n", "is_winner and user_id % 2 = 0\n")
    ),
    "a fact without dates": Corruption(
        "fact_listen_history",
        model=(FACT, "    load_date,\n    s", "    null as load_date,\n    s"),
    ),
    "a column renamed in a mart": Corruption(
        "fact_listen_history",
        model=(FACT, "    track_id,\n    listened", "    track_id as song_id,\n    listened"),
    ),
    "a type changed in a mart": Corruption(
        "dim_users",
        model=(
            MEMBERS,
            "        {{ key }},\n        {% for",
            "        {{ key }}::text as {{ key }}, {% for",
        ),
    ),
    "no members for unknown ids": Corruption(
        USERS_UNIT_TESTS,
        model=(MEMBERS, "union all\nselect * from inferred", ""),
    ),
    "inferred members that claim to be known": Corruption(
        USERS_UNIT_TESTS, model=(MEMBERS, "true as is_inferred", "false as is_inferred")
    ),
    "dims of every version": Corruption("dim_tracks", model=(MEMBERS, "is_current\n", "true\n")),
    "dims without their instant": Corruption(
        "not_null_dim_tracks_etl_updated_at",
        model=(
            MEMBERS,
            "        etl_updated_at,\n        false",
            "        null as etl_updated_at, false",
        ),
    ),
    "the oldest version wins": Corruption(
        SESSIONS_UNIT_TESTS, model=(SESSIONS, "max(updated_at) over", "min(updated_at) over")
    ),
    "the first load wins": Corruption(
        SESSIONS_UNIT_TESTS, model=(SESSIONS, "load_id desc", "load_id asc")
    ),
    "lengths that are not those of the lists": Corruption(
        SESSIONS_UNIT_TESTS,
        model=(
            SESSIONS,
            "{{ list_length('track_ids') }} as",
            "{{ list_length('track_ids') }} + 1 as",
        ),
    ),
    "versions that end before they begin": Corruption(
        "holds_until_the_next|ends_the_one_before",
        model=(HISTORY, "lead(updated_at)", "lag(updated_at)"),
    ),
    "a history that calls all current": Corruption(
        "holds_until_the_next|ends_the_one_before",
        model=(HISTORY, "valid_to is null as is_current", "true as is_current"),
    ),
    "no quarantine": Corruption(
        "is_accounted_for",
        spoil("tracks", 3, id=None),
        model=("macros/violated_rules.sql", "violated_rule is not null", "false"),
    ),
    "SQL that is none": Corruption(
        "dim_users", model=(MEMBERS, "select * from known", "selec known")
    ),
    "a model that stands on nothing": Corruption(
        "dim_tracks_histories", model=(TRACKS, "dim_tracks_history", "dim_tracks_histories")
    ),
    "models in a circle": Corruption(
        "cycle", model=(SESSIONS, "ref('stg_raw__listen_history')", "ref('fact_listen_history')")
    ),
    "text taken for a number": Corruption(
        "Conversion Error",
        model=(
            HISTORY,
            "        {{ attribute }},",
            "        cast(cast({{ attribute }} as integer) as varchar) as {{ attribute }},",
        ),
    ),
}
CORRUPTIONS: dict[str, Corruption] = PULL | GATE | SET_ASIDE | FRESHNESS | LAKE | VOLUME | MODELS
# A pull, a lake and a model; an app that stands still has its own day in test_quality.py.
IN_EVERY_RUN = (
    "pages that lack a record",
    "a file that lost records",
    "a join that fans out",
)
