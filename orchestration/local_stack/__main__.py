"""The supervisor's process: it runs the stack until standard input closes.

`processes/foreground.py` starts it.
"""

import os
import signal
import sys
import threading

from orchestration.local_stack.processes import kernel
from orchestration.local_stack.stack import run
from orchestration.run.error_messages import message_of
from orchestration.run.settings import Settings


def main() -> int:
    """Run the stack; print an error as one line, and return exit code 1."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_wait_for_the_end_of_input, args=(ended,), daemon=True).start()
    kernel.inherit_orphans()
    try:
        run(Settings(), free_ports="--free-ports" in sys.argv, ended=ended)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        print(f"moovitamix: {message_of(error)}", file=sys.stderr)
        return 1
    finally:
        kernel.kill_all(lambda: kernel.descendants(os.getpid()))
    return 0


def _wait_for_the_end_of_input(ended: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
