"""Console output of a command: the step at work, then one line for each step."""

import time
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import rich.console
from rich.markup import escape
from rich.status import Status
from rich.table import Table
from rich.text import Text

# Without a terminal there is no width to respect, and a log reads better unfolded.
LOG_WIDTH = 200


def _terminal() -> rich.console.Console:
    terminal = rich.console.Console(highlight=False, markup=False)
    if not terminal.is_terminal:
        terminal.width = LOG_WIDTH
    return terminal


@dataclass(slots=True)
class Console:
    """Progress on a terminal; plain lines where there is none."""

    terminal: rich.console.Console = field(default_factory=_terminal)
    shows_steps: bool = True
    """Whether each step has its own line; a simulation has one line for each day instead."""
    _status: Status | None = None
    _name: str = ""

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that the step `name` is at work, and then how long it took."""
        started = time.monotonic()
        self._name = name
        with self.terminal.status(name) if self.terminal.is_terminal else nullcontext() as status:
            self._status = status
            yield
        self._status = None
        if self.shows_steps:
            self.print(f"{name:<8} {time.monotonic() - started:6.1f} s")

    def update(self, text: str) -> None:
        """Show what the step at work does now."""
        if self._status:
            self._status.update(f"{self._name}  {escape(text)}")

    def print(self, text: str = "") -> None:
        """Print one line."""
        self.terminal.print(text, soft_wrap=True)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        to_the_right: Container[str] = (),
    ) -> None:
        """Print a table; the columns named in `to_the_right` hold numbers.

        Args:
            columns: The headings.
            rows: The cells of each row, as text.
            to_the_right: The headings of columns that hold numbers.

        """
        shown = Table(show_header=any(columns))
        for column in columns:
            side: rich.console.JustifyMethod = "right" if column in to_the_right else "left"
            shown.add_column(Text(column), justify=side, overflow="fold")
        for row in rows:
            shown.add_row(*(Text(cell) for cell in row))
        self.terminal.print(shown)


def count(rows: int | None) -> str:
    """Return a number of rows with its thousands apart; nothing when it is not known."""
    return "" if rows is None else f"{rows:,}"
