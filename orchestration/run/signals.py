"""Signal handlers: SIGTERM and SIGHUP end a command as Ctrl-C does, with locks released."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SHELLS_OFFSET = 128
NAMES = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}


@dataclass(slots=True)
class Ending:
    """The signal that ended a command; Ctrl-C unless another one came."""

    number: signal.Signals = signal.SIGINT

    @property
    def code(self) -> int:
        """The exit code that shells give a process that this signal ended."""
        return SHELLS_OFFSET + self.number

    @property
    def what(self) -> str:
        """The one word that a person reads."""
        return NAMES[self.number]


@contextmanager
def raised_as_interrupt() -> Iterator[Ending]:
    """Raise `KeyboardInterrupt` at the first SIGTERM or SIGHUP; later ones change nothing.

    A signal that the caller ignores stays ignored, as `nohup` wants it.
    """
    ending = Ending()
    if threading.current_thread() is not threading.main_thread():
        yield ending
        return

    def end(number: int, _frame: object) -> None:
        ending.number = signal.Signals(number)
        for one in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    ours = [
        one
        for one in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(one) is not signal.SIG_IGN
    ]
    before = {one: signal.signal(one, end) for one in ours}
    try:
        yield ending
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
