"""What a person sees while a command runs: the step at work, then one line per step."""

import time
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.status import Status
from rich.table import Table
from rich.text import Text

# Without a terminal there is no width to respect, and a log reads better unfolded.
LOG_WIDTH = 200


def _console() -> Console:
    console = Console(highlight=False, markup=False)
    return (
        console if console.is_terminal else Console(highlight=False, markup=False, width=LOG_WIDTH)
    )


@dataclass(slots=True)
class Screen:
    """Progress on a terminal; plain lines where there is none."""

    console: Console = field(default_factory=_console)
    tells_steps: bool = True
    """Whether each step has a line of its own; many days in a row have one line each instead."""
    _status: Status | None = None
    _name: str = ""

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that the step `name` is at work, and then how long it took."""
        started = time.monotonic()
        self._name = name
        with self.console.status(name) if self.console.is_terminal else nullcontext() as status:
            self._status = status
            yield
        self._status = None
        if self.tells_steps:
            self.say(f"{name:<8} {time.monotonic() - started:6.1f} s")

    def note(self, text: str) -> None:
        """Say what the step at work is busy with."""
        if self._status:
            self._status.update(f"{self._name}  {escape(text)}")

    def say(self, text: str = "") -> None:
        """Print one line."""
        self.console.print(text, soft_wrap=True)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        to_the_right: Container[str] = (),
    ) -> None:
        """Print a table; the columns named in `to_the_right` hold numbers."""
        shown = Table(show_header=any(columns))
        for column in columns:
            side: JustifyMethod = "right" if column in to_the_right else "left"
            shown.add_column(Text(column), justify=side, overflow="fold")
        for row in rows:
            shown.add_row(*(Text(cell) for cell in row))
        self.console.print(shown)


def count(rows: int | None) -> str:
    """Return a number of rows with its thousands apart; nothing when it is not known."""
    return "" if rows is None else f"{rows:,}"
