from io import StringIO

import rich.console

from orchestration.run.console import Console


def _console(*, is_terminal: bool, shows_steps: bool = True) -> tuple[Console, StringIO]:
    text = StringIO()
    terminal = rich.console.Console(
        file=text, width=100, force_terminal=is_terminal, highlight=False
    )
    return Console(terminal, shows_steps), text


def test_without_a_terminal_each_step_is_one_line() -> None:
    console, text = _console(is_terminal=False)
    with console.working("build"):
        console.update("1/9 sql table model main.dim_tracks")
    assert text.getvalue() == "build       0.0 s\n"


def test_on_a_terminal_the_step_at_work_says_what_it_is_busy_with() -> None:
    console, text = _console(is_terminal=True)
    with console.working("build"):
        console.update("1/9 [sql] table model main.dim_tracks")
    assert "1/9 [sql] table model" in text.getvalue()


def test_many_days_have_no_line_for_each_step() -> None:
    console, text = _console(is_terminal=False, shows_steps=False)
    with console.working("build"):
        pass
    assert text.getvalue() == ""
