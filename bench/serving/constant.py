"""A FastAPI route that returns a constant, on serving's server: the baseline of serving.

`python -m bench.serving.constant WORKERS` prints its address when ready.
"""

import sys
from functools import partial

from fastapi import FastAPI

from api.serving.processes.supervisor import Supervisor, configure, live_with_parent
from api.uvicorn_sockets import listen, report_ready


def create_app() -> FastAPI:
    """Create the app of one worker."""
    live_with_parent()
    app = FastAPI()

    @app.get("/constant")
    async def constant() -> dict[str, str]:
        """The same to everybody."""
        return {"status": "ok"}

    return app


def main() -> None:
    """Serve until a signal."""
    with listen("127.0.0.1", 0) as listening:
        ready = partial(report_ready, "constant", listening)
        Supervisor(configure(create_app, int(sys.argv[1])), listening, ready).run()


if __name__ == "__main__":
    main()
