import json
from datetime import datetime
from decimal import Decimal
from io import StringIO

from rich.console import Console

from orchestration.query import SHOWN_ROWS, Answer, show, to_csv, to_json
from orchestration.screen import Screen

ANSWER = Answer(
    ["id", "name", "share", "at"],
    [(1, "Ünïcode, [red]", Decimal("0.50"), datetime(2026, 3, 1)), (None, None, None, None)],
)


def _shown(answer: Answer) -> str:
    text = StringIO()
    show(answer, Screen(Console(file=text, width=100, highlight=False)))
    return text.getvalue()


def test_a_table_shows_values_as_they_are_and_numbers_to_the_right() -> None:
    told = _shown(ANSWER)
    assert "│  1 │ Ünïcode, [red] │  0.50 │ 2026-03-01 00:00:00 │" in told
    assert "None" not in told


def test_a_long_answer_is_cut_and_says_so() -> None:
    told = _shown(Answer(["n"], [(number,) for number in range(SHOWN_ROWS + 1)]))
    assert f"│ {SHOWN_ROWS - 1} │" in told
    assert f"│ {SHOWN_ROWS} │" not in told
    assert f"the first {SHOWN_ROWS} of {SHOWN_ROWS + 1} rows" in told


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
