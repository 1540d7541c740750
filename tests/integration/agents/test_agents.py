"""The protocol's own client lists and calls every tool; what is too much is refused."""

import json
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import duckdb
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from orchestration.agents.agent_server import agent_server
from orchestration.run.settings import AgentSettings, Settings
from orchestration.warehouse.publishing import published_files

Call = Callable[[Client], Coroutine[Any, Any, Any]]
LIMITS = AgentSettings(rows=50, seconds=2, memory="256MB")


def publish(data_dir: Path, number: int, *statements: str) -> None:
    """Publish a masked file made of statements."""
    link = data_dir / "marts_masked.duckdb"
    draft = published_files.new_draft(link)
    with duckdb.connect(draft) as db:
        for statement in statements:
            db.execute(statement)
    published_files.point(link, published_files.finish(draft, number, None), keep_present=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    publish(
        tmp_path,
        1,
        "create table dim_tracks (track_id integer, name varchar)",
        "insert into dim_tracks select range, 'Song ' || range from range(60)",
        "comment on table dim_tracks is 'One row per track.'",
        "comment on column dim_tracks.name is 'Title.'",
        "create schema features",
        "create table features.feature_users as select 1 as user_id, timestamp '2026-01-01' as at",
    )
    return Settings(data_dir=tmp_path)


def asked(settings: Settings, call: Call) -> Any:
    async def ask() -> Any:
        async with Client(agent_server(settings, LIMITS)) as client:
            return await call(client)

    return anyio.run(ask)


def answer(settings: Settings, tool: str, **arguments: Any) -> Any:
    async def call(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    result = asked(settings, call)
    assert not result.is_error, result.content
    return result.structured_content


def refusal(settings: Settings, tool: str, **arguments: Any) -> str:
    async def call(client: Client) -> Any:
        return await client.call_tool(tool, arguments)

    result = asked(settings, call)
    assert result.is_error
    return str(result.content[0].text)


def test_every_tool_is_listed_with_what_it_does_and_that_it_only_reads(
    settings: Settings,
) -> None:
    async def call(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = asked(settings, call)
    assert [one.name for one in tools] == [
        "list_tables",
        "describe_table",
        "list_metrics",
        "query_metric",
        "query",
    ]
    assert all(one.description and one.annotations.read_only_hint for one in tools)


def test_tables_and_columns_come_with_their_descriptions(settings: Settings) -> None:
    assert answer(settings, "list_tables")["result"] == [
        {"table_name": "dim_tracks", "description": "One row per track.", "row_count": 60},
        {"table_name": "features.feature_users", "description": "", "row_count": 1},
    ]
    assert answer(settings, "describe_table", table="dim_tracks")["result"] == [
        {"column_name": "track_id", "data_type": "INTEGER", "description": ""},
        {"column_name": "name", "data_type": "VARCHAR", "description": "Title."},
    ]
    assert "there are dim_tracks" in refusal(settings, "describe_table", table="tracks")


def test_a_query_is_answered_with_columns_and_rows(settings: Settings) -> None:
    sql = "select track_id, name from dim_tracks order by track_id limit 2; -- first two"
    assert answer(settings, "query", sql=sql) == {
        "columns": ["track_id", "name"],
        "rows": [[0, "Song 0"], [1, "Song 1"]],
        "row_count": 2,
    }
    assert answer(settings, "query", sql="from features.feature_users")["rows"] == [
        [1, str(datetime(2026, 1, 1))]
    ]


def test_metrics_are_computed_by_name_and_dimension(settings: Settings) -> None:
    publish(
        settings.data_dir,
        2,
        "create table dim_tracks as from (values (1, 'Blur'), (2, 'Oasis')) as t(track_id, artist)",
        "create table fact_listen_history as from (values (7, 1, timestamp '2026-01-01 10:00'),"
        " (7, 1, '2026-01-02 10:00'), (8, 2, '2026-01-02 11:00')) as t(user_id, track_id,"
        " listened_at)",
    )
    names = {one["name"]: one for one in answer(settings, "list_metrics")["result"]}
    assert "track__artist" in names["listens"]["dimensions"]
    by_day = answer(settings, "query_metric", metrics=["listens", "active_users"], grain="day")
    assert by_day["columns"] == ["metric_time", "listens", "active_users"]
    assert by_day["rows"] == [["2026-01-01", 1, 1], ["2026-01-02", 2, 2]]
    by_artist = {"metrics": ["listens"], "by": ["track__artist"], "order": "-listens"}
    assert answer(settings, "query_metric", **by_artist)["rows"] == [["Blur", 2], ["Oasis", 1]]
    only = by_artist | {"where": {"track__artist": ["Oasis"]}, "since": "2026-01-02"}
    assert answer(settings, "query_metric", **only)["rows"] == [["Oasis", 1]]
    assert "listens" in refusal(settings, "query_metric", metrics=["likes"])
    assert "name one metric" in refusal(settings, "query_metric", metrics=[])


@pytest.mark.parametrize(
    "sql",
    [
        "delete from dim_tracks",
        "create table mine as select 1",
        "copy dim_tracks to 'out.csv'",
        "attach 'other.duckdb'",
        "set memory_limit = '100GB'",
        "select 1; drop table dim_tracks",
        "install httpfs",
        "-- nothing",
    ],
)
def test_a_statement_that_is_no_query_is_refused(settings: Settings, sql: str) -> None:
    said = refusal(settings, "query", sql=sql)
    assert "only queries are answered" in said or "one query at a time" in said
    assert answer(settings, "query", sql="select count(*) from dim_tracks")["rows"] == [[60]]


@pytest.mark.parametrize(
    "sql", ["select * from read_csv('/etc/passwd')", "select * from 'other.parquet'",
            "select content from read_text('/etc/hostname')"]
)  # fmt: skip
def test_files_outside_are_not_read(settings: Settings, sql: str) -> None:
    assert "disabled" in refusal(settings, "query", sql=sql)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select * from dim_tracks", "more than 50 rows"),
        ("select * from range(1000000000)", "more than 50 rows"),
        ("select repeat('x', 2000000) as long", "bytes"),
        ("select count(distinct hash(range)) from range(1000000000)", "longer than 2 s|memory"),
        ("select max(a.range * b.range) from range(1000000) a, range(1000000) b",
         "longer than 2 s"),
        ("select list(range) from range(200000000)", "longer than 2 s|emory"),
        ("select nothing from dim_tracks", "nothing"),
    ],
)  # fmt: skip
def test_a_huge_a_slow_and_a_wrong_query_are_refused_in_one_line(
    settings: Settings, sql: str, why: str
) -> None:
    said = refusal(settings, "query", sql=sql)
    assert any(one in said for one in why.split("|")), said
    assert "\n" not in said
    assert answer(settings, "query", sql="select 1 as one")["rows"] == [[1]]


def test_a_new_publication_is_seen_without_a_restart(settings: Settings) -> None:
    async def call(client: Client) -> Any:
        sql = {"sql": "select count(*) from dim_tracks"}
        before = await client.call_tool("query", sql)
        publish(settings.data_dir, 2, "create table dim_tracks as select 1 as track_id")
        after = await client.call_tool("query", sql)
        return [one.structured_content["rows"] for one in (before, after)]

    assert asked(settings, call) == [[[60]], [[1]]]


def test_without_a_publication_every_tool_says_so(tmp_path: Path) -> None:
    assert "nothing is published yet" in refusal(Settings(data_dir=tmp_path), "list_tables")


def test_the_command_serves_over_stdio(settings: Settings) -> None:
    async def ask() -> Any:
        program = StdioServerParameters(
            command=sys.executable,
            args=["-m", "orchestration.cli.main", "mcp"],
            env=os.environ | {"MOOVITAMIX_DATA_DIR": str(settings.data_dir)},
        )
        async with Client(stdio_client(program)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            sql = {"sql": "select count(*) from dim_tracks"}
            return names, (await client.call_tool("query", sql)).structured_content

    names, answered = anyio.run(ask)
    assert "query" in names
    assert json.dumps(answered["rows"]) == "[[60]]"
