import json
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import duckdb
import pytest
import rich.console

from orchestration.run.console import Console
from orchestration.run.errors import QueryFailed
from orchestration.run.settings import Settings
from orchestration.warehouse.answers.answer_formats import (
    to_csv,
    to_json,
    to_markdown,
    write_parquet,
)
from orchestration.warehouse.answers.terminal import SHOWN_ROWS, show
from orchestration.warehouse.query import Answer, query, sql_of

ANSWER = Answer(
    ["id", "name", "share", "at"],
    [(1, "Ünïcode, [red]", Decimal("0.50"), datetime(2026, 3, 1)), (None, None, None, None)],
)


def _shown(answer: Answer, width: int = 100) -> str:
    text = StringIO()
    terminal = rich.console.Console(
        file=text, width=width, highlight=False, force_terminal=True, color_system=None
    )
    show(answer, Console(terminal))
    return text.getvalue()


WIDE = Answer(
    [f"column_{n}" for n in range(24)],
    [(*range(23), "a long value " * 9), (*range(23), None)],
)


def test_what_is_too_wide_for_a_terminal_is_a_block_for_each_record() -> None:
    lines = _shown(WIDE, width=80).splitlines()
    assert lines[0].startswith("── 1 ─")
    assert "column_22  22" in lines
    assert lines[24].startswith("column_23  a long value")
    assert lines[24].endswith("…")
    assert lines[25].startswith("── 2 ─")
    assert max(map(len, lines)) <= 80
    assert "│" in _shown(WIDE, width=600)


def test_without_a_terminal_a_wide_answer_stays_a_table() -> None:
    text = StringIO()
    show(Answer(["n"] * 60, [(1,) * 60]), Console(rich.console.Console(file=text, width=400)))
    assert "│ 1 │" in text.getvalue()


def test_a_limited_answer_says_that_there_is_more(settings: Settings) -> None:
    answer = query(settings, "from range(10)", limit=3)
    assert answer.rows == [(0,), (1,), (2,)]
    assert "the first 3 rows; there are more" in _shown(answer)
    assert "more" not in _shown(query(settings, "from range(3)", limit=3))


def test_markdown_is_one_row_a_line() -> None:
    answer = Answer(["a", "b"], [(1, "x | y\nz"), (None, [1, 2])])
    assert to_markdown(answer).splitlines() == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | x \\| y z |",
        "|  | [1, 2] |",
    ]


@pytest.mark.parametrize(("limit", "rows"), [(None, 300_000), (200_000, 200_000), (1, 1)])
def test_parquet_keeps_types_and_counts(
    settings: Settings, tmp_path: Path, limit: int | None, rows: int
) -> None:
    sql = "select range::integer as n, [range] as many, date '2026-01-01' as day from range(300000)"
    with (tmp_path / "x.parquet").open("wb") as file:
        write_parquet(settings, sql, limit, file)
    with duckdb.connect() as db:
        found = db.read_parquet(str(tmp_path / "x.parquet"))
        assert found.types == ["INTEGER", "BIGINT[]", "DATE"]
        assert db.sql("select count(*), max(n) from found").fetchall() == [(rows, rows - 1)]


def test_a_query_comes_as_words_or_as_a_file(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "question.sql"
    file.write_text('from "build"."main"."plays"')  # as dbt compiles it
    assert sql_of("select 1", None) == "select 1"
    assert query(settings, sql_of(None, file)).rows == [("x", 2)]
    for words, path in [(None, None), ("select 1", file)]:
        with pytest.raises(QueryFailed, match="give one query"):
            sql_of(words, path)
    with pytest.raises(QueryFailed, match=r"missing.sql can't be read: No such file"):
        sql_of(None, tmp_path / "missing.sql")


def test_a_table_shows_values_as_they_are_and_numbers_to_the_right() -> None:
    output = _shown(ANSWER)
    assert "│  1 │ Ünïcode, [red] │  0.50 │ 2026-03-01 00:00:00 │" in output
    assert "None" not in output


def test_a_long_answer_is_cut_and_says_so() -> None:
    output = _shown(Answer(["n"], [(number,) for number in range(SHOWN_ROWS + 1)]))
    assert f"│ {SHOWN_ROWS - 1} │" in output
    assert f"│ {SHOWN_ROWS} │" not in output
    assert f"the first {SHOWN_ROWS} of {SHOWN_ROWS + 1} rows" in output


def test_an_answer_without_rows_still_names_its_columns() -> None:
    assert "name" in _shown(Answer(["id", "name"], []))
    assert to_csv(Answer(["id", "name"], [])) == "id,name\n"


def test_json_keeps_numbers_and_nulls() -> None:
    assert json.loads(to_json(ANSWER)) == [
        {"id": 1, "name": "Ünïcode, [red]", "share": "0.50", "at": "2026-03-01 00:00:00"},
        {"id": None, "name": None, "share": None, "at": None},
    ]


def test_csv_quotes_what_must_be_quoted() -> None:
    assert to_csv(ANSWER).splitlines() == [
        "id,name,share,at",
        '1,"Ünïcode, [red]",0.50,2026-03-01 00:00:00',
        ",,,",
    ]


def test_json_keeps_columns_of_the_same_name_apart() -> None:
    answer = Answer(["a", "a", "a_1", "a"], [(1, 2, 3, 4)])
    assert json.loads(to_json(answer)) == [{"a": 1, "a_2": 2, "a_1": 3, "a_3": 4}]
    assert json.loads(to_json(Answer(["a", "a"], [(1, 2)]))) == [{"a": 1, "a_1": 2}]


def test_json_has_null_for_numbers_that_it_can_not_say() -> None:
    answer = Answer(["a", "b"], [(float("nan"), {"in": [float("-inf"), 1.5]})])
    assert to_json(answer) == '[{"a": null, "b": {"in": [null, 1.5]}}]'


def test_csv_holds_lists_and_structs_as_json() -> None:
    answer = Answer(["ids", "user"], [([1, None], {"name": "Ünï", "at": datetime(2026, 3, 1)})])
    assert to_csv(answer).splitlines()[1] == (
        '"[1, null]","{""name"": ""Ünï"", ""at"": ""2026-03-01 00:00:00""}"'
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    with duckdb.connect(settings.marts_file) as marts:
        marts.execute("create table plays as select 'x' as kind, 2 as seconds")
    return settings


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("", "no query"),
        ("-- select 1", "no query"),
        (" ;; ", "no query"),
        ("select 1; select 2", "one query at a time: these are 2"),
        ("selec 1", "syntax error"),
        ("from nothing", "nothing does not exist"),
        ("select 'x'::integer", "Could not convert"),
    ],
)
def test_what_is_not_one_good_query_is_told_in_one_line(
    settings: Settings, sql: str, why: str
) -> None:
    with pytest.raises(QueryFailed, match=why) as failure:
        query(settings, sql)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("from plays; -- all of them", ("x", 2)),
        ("pivot plays on kind using sum(seconds)", (2,)),
    ],
)
def test_one_query_is_one_however_it_is_written(
    settings: Settings, sql: str, row: tuple[object, ...]
) -> None:
    assert query(settings, sql).rows == [row]


def test_a_file_that_is_open_for_writing_elsewhere_is_told_in_one_line(settings: Settings) -> None:
    shell = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, duckdb; file = duckdb.connect(sys.argv[1]); print(flush=True); input()",
            str(settings.marts_file),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert shell.stdout is not None
    shell.stdout.readline()
    with pytest.raises(QueryFailed, match="open for writing") as failure:
        query(settings, "from plays")
    shell.communicate(b"\n")
    assert "\n" not in str(failure.value)
