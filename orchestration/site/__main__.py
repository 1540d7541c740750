"""Build the site and serve it: `python -m orchestration.site [--port 8080] [--only-build]`."""

import argparse
import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from orchestration.run.errors import OrchestrationError
from orchestration.run.settings import Settings
from orchestration.site.build_site import build_site


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing for each request."""


def main() -> int:
    """Build, then serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.site")
    parser.add_argument("--port", type=int, default=8080, help="Of the pages; 0: any free one.")
    parser.add_argument("--only-build", action="store_true", help="Build, and serve nothing.")
    asked = parser.parse_args()
    try:
        pages = build_site(Settings().data_dir / "site")
    except OrchestrationError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"the site is in {pages}")
    if not asked.only_build:
        handler = partial(_Quiet, directory=str(pages))
        with ThreadingHTTPServer(("127.0.0.1", asked.port), handler) as server:
            print(f"http://127.0.0.1:{server.server_port} (Ctrl-C ends it)", flush=True)
            with suppress(KeyboardInterrupt):
                server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
