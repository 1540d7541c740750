"""What a person sees while a command runs: the step at work, then one line per step."""

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
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
    _status: Status | None = None
    _name: str = ""

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Show that the step `name` is at work."""
        if not self.console.is_terminal:
            yield
            return
        self._name = name
        with self.console.status(name) as self._status:
            yield
        self._status = None

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
        title: str | None = None,
    ) -> None:
        """Print a table; the columns named in `to_the_right` hold numbers."""
        shown = Table(title=title, title_justify="left", title_style="bold")
        for column in columns:
            side: JustifyMethod = "right" if column in to_the_right else "left"
            shown.add_column(Text(column), justify=side, overflow="fold")
        for row in rows:
            shown.add_row(*(Text(cell) for cell in row))
        self.console.print(shown)


def count(rows: int | None) -> str:
    """Return a number of rows with its thousands apart; nothing when it is not known."""
    return "" if rows is None else f"{rows:,}"
