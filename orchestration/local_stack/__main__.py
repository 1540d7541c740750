"""Run the stack for as long as standard input lasts; `leash.py` starts this."""

import os
import signal
import sys
import threading

from orchestration.local_stack.processes import kernel
from orchestration.local_stack.stack import run
from orchestration.run.error_messages import message_of
from orchestration.run.settings import Settings


def main() -> int:
    """Run the stack; what goes wrong is one line, and exit code 1."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_listen, args=(ended,), daemon=True).start()
    kernel.inherit_orphans()
    try:
        run(Settings(), free_ports="--free-ports" in sys.argv, ended=ended)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        print(f"moovitamix: {message_of(error)}", file=sys.stderr)
        return 1
    finally:
        kernel.end_all(lambda: kernel.descendants(os.getpid()))
    return 0


def _listen(ended: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
