"""What dbt leaves out, and what it says and returns all the same."""

from io import StringIO
from typing import Any

import pytest
from dbt.adapters.events.adapter_types_pb2 import SQLQuery as Statement
from dbt.adapters.events.types import SQLQuery
from dbt.events.types import NodeFinished
from dbt_common.clients import agate_helper
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import Note
from google.protobuf.json_format import ParseDict, ParseError

from orchestration.warehouse.dbt_commands.spared_work import (
    QuietEvents,
    _make,
    _message,
    _type_tester,
)

STATEMENT = SQLQuery(conn_name="one", sql="select 1")


def heard(event: BaseEvent, level: EventLevel | None = None, log: str | None = None) -> list[str]:
    """Return the names of the events that a callback gets."""
    names: list[str] = []
    events = QuietEvents()
    events.add_callback(lambda message: names.append(message.info.name))
    if log:
        config = LoggerConfig(name="a log", level=EventLevel(log), output_stream=StringIO())
        events.add_logger(config)
    events.fire_event(event, level)
    return names


def test_a_statement_is_no_message_unless_a_log_takes_it() -> None:
    assert heard(STATEMENT) == heard(STATEMENT, log="info") == []
    assert heard(STATEMENT, log="debug") == ["SQLQuery"]


def test_what_callbacks_read_and_what_is_raised_in_level_is_sent() -> None:
    assert heard(NodeFinished()) == ["NodeFinished"]
    assert heard(STATEMENT, EventLevel.WARN) == ["SQLQuery"]
    assert heard(Note(msg="said"), EventLevel.INFO) == ["Note"]


@pytest.mark.parametrize(
    "row", [(1, "007", None, ""), (2.5, "null", True, "2026-01-01"), (None, None, None, None)]
)
def test_results_have_the_types_that_dbt_gives_them(
    row: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a", "b", "c", "d"]
    texts = {name for name, value in zip(names, row, strict=True) if isinstance(value, str)}
    found = []
    for make in (_make, _type_tester):
        monkeypatch.setattr(agate_helper, "build_type_tester", make)
        table = agate_helper.table_from_rows([row], names, texts)
        found.append([[type(one) for one in table.column_types], *map(tuple, table.rows)])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"conn_name": "model.a", "sql": "select 'ä'", "node_info": None},
        {"node_info": {"node_name": "a", "meta": {"b": "1"}, "node_relation": {"alias": "c"}}},
        {"nodeInfo": {"nodeName": "as JSON has it"}},
    ],
)
def test_a_message_is_the_one_that_protobuf_reads_from_json(fields: dict[str, Any]) -> None:
    assert _message(fields, Statement()) == ParseDict(fields, Statement())


def test_fields_that_no_message_has_are_refused_as_before() -> None:
    with pytest.raises(ParseError, match="conn_name"):
        _message({"conn_name": 1}, Statement())
