"""A FastAPI route that returns a constant, on the same server as serving: what it is held against.

`python -m bench.constant WORKERS` prints its address when ready and ends with its stdin, as a child
of serving's own supervisor does; `python -m bench.constant 0 SOCKET` is one of its workers.
"""

import sys

from fastapi import FastAPI

from api.serving.processes.children import Child
from api.serving.processes.server import listen, run
from api.serving.processes.worker import answer

app = FastAPI()


@app.get("/constant")
async def constant() -> dict[str, str]:
    """The same to everybody."""
    return {"status": "ok"}


def main() -> None:
    workers, listening = int(sys.argv[1]), sys.argv[2:]
    if listening:
        answer(app, int(listening[0]))
        return
    with listen("127.0.0.1", 0) as opened:
        shared = (opened.fileno(),)
        children = [
            Child(f"worker {number}", ["bench.constant", "0", str(shared[0])], shared)
            for number in range(workers)
        ]
        run(children, f"constant on http://127.0.0.1:{opened.getsockname()[1]}")


if __name__ == "__main__":
    main()
