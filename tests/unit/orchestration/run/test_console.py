from io import StringIO

from rich.console import Console

from orchestration.run.console import Screen


def _screen(*, is_terminal: bool, tells_steps: bool = True) -> tuple[Screen, StringIO]:
    text = StringIO()
    console = Console(file=text, width=100, force_terminal=is_terminal, highlight=False)
    return Screen(console, tells_steps), text


def test_without_a_terminal_each_step_is_one_line() -> None:
    screen, text = _screen(is_terminal=False)
    with screen.working("build"):
        screen.note("1/9 sql table model main.dim_tracks")
    assert text.getvalue() == "build       0.0 s\n"


def test_on_a_terminal_the_step_at_work_says_what_it_is_busy_with() -> None:
    screen, text = _screen(is_terminal=True)
    with screen.working("build"):
        screen.note("1/9 [sql] table model main.dim_tracks")
    assert "1/9 [sql] table model" in text.getvalue()


def test_many_days_have_no_line_for_each_step() -> None:
    screen, text = _screen(is_terminal=False, tells_steps=False)
    with screen.working("build"):
        pass
    assert text.getvalue() == ""
