"""The embedded app simulator, as a child process, for runs without an API of the app.

It listens on a port that the kernel chose. It ends with its parent, even after a kill: it reads
its standard input, a pipe that the kernel closes then.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from orchestration.run.errors import SourceDied
from orchestration.run.settings import Settings

# Making the default world takes some seconds, once; a world of 20 million listens some minutes.
START_SECONDS = 900


@dataclass(slots=True)
class EmbeddedSource:
    """A source that is starting or answering; `url` is known once it answers."""

    process: subprocess.Popen[str]
    url: str = ""
    _lines: "SimpleQueue[str]" = field(default_factory=SimpleQueue)

    def wait_until_it_answers(self) -> None:
        """Return when the source answers; raise `SourceDied` with its last words if it ends."""
        lines: list[str] = []
        while not self.url:
            try:
                line = self._lines.get(timeout=START_SECONDS)
            except Empty:
                raise SourceDied(f"the source did not answer in {START_SECONDS} s") from None
            if not line:
                last_words = (lines or ["it printed nothing"])[-1].removeprefix("error: ")
                raise SourceDied(f"the source ended before it answered: {last_words}")
            lines.append(line.strip())
            if address := re.search(r"http://[^\s,]+", line):
                self.url = address[0]

    def listen(self) -> None:
        """Read all output of the source, so that it never blocks on a full pipe."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def end(self) -> None:
        """Kill the source: to end by itself takes it 0.3 s, and it has nothing left to do."""
        assert self.process.stdin is not None
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


@contextmanager
def embedded_source(settings: Settings, world: Path | None = None) -> Iterator[EmbeddedSource]:
    """Start a source whose clock stands still at the run's; it ends with the block.

    With a `world` it serves these files, not the world that MOOVITAMIX_SOURCE_WORLD names, if any.
    """
    assert settings.as_of is not None, "pages must not move under the pull"
    command = [sys.executable, "-m", "api.source", "--port", "0", "--parent-pipe"]
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [*command, "--as-of", settings.as_of.isoformat(), *_serving(settings, world)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"MOOVITAMIX_DATA_DIR": str(settings.data_dir)},
    )
    source = EmbeddedSource(process)
    threading.Thread(target=source.listen, daemon=True).start()
    try:
        yield source
    finally:
        source.end()


def _serving(settings: Settings, world: Path | None) -> list[str]:
    """Return options for the world; refuse one that is not the data folder's own."""
    from api.source.settings import SourceSettings
    from orchestration.steps.chosen_world import require_same_world

    asked = world or SourceSettings(data_dir=settings.data_dir).world
    require_same_world(settings, asked)
    return ["--world", str(asked)] if asked else []
