"""Progress files of builds: a header, then one line of JSON for each finished node of dbt.

The writer holds a lock (`flock`) on the file until its process ends. A reader that finds the lock
free knows that no more lines follow, even after a kill.
"""

import fcntl
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lake.atomic import draft_of
from orchestration.run.settings import Settings

GOOD = frozenset({"success", "pass", "warn", "no-op"})
KEPT_FILES = 50

OnNode = Callable[[str, str, str], None]
"""Called with each finished node: its id, its status in dbt's words, and dbt's message."""


def ignore(_node: str, _status: str, _message: str) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """A node that ended: `status` is dbt's word."""

    status: str
    message: str = ""

    @property
    def is_good(self) -> bool:
        """Whether what follows may go on."""
        return self.status in GOOD


@dataclass(frozen=True, slots=True)
class Heading:
    """The build that a file is of: who runs it, its start (seconds of the epoch), its nodes."""

    by: str = ""
    began: float = field(default_factory=time.time)
    chosen: frozenset[str] | None = None
    """The nodes that it was asked to build; None for all of its part."""


NO_BUILD = Heading(began=0.0)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a build; `is_live` while more may follow."""

    nodes: dict[str, NodeResult]
    is_live: bool
    heading: Heading = NO_BUILD

    def answers(self, names: Sequence[str], since: float) -> bool:
        """Whether the build began at `since` or later, and was asked to build `names`."""
        chosen = self.heading.chosen
        return self.heading.began >= since and (chosen is None or chosen.issuperset(names))

    def of(self, names: Sequence[str]) -> dict[str, NodeResult]:
        """Those of `names` that ended."""
        return {name: self.nodes[name] for name in names if name in self.nodes}


def file_of(settings: Settings, build: str) -> Path:
    """The progress file of a build; readers find it by the same name `build`."""
    return settings.dbt_dir / "progress" / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', build)}.jsonl"


@contextmanager
def recording(path: Path, heading: Heading | None = None) -> Iterator[OnNode]:
    """Write the progress of a build: a new file, which is this writer's from its first instant.

    Without a `heading` it is a build of all of its part that begins now.
    """
    about = heading or Heading()
    chosen = None if about.chosen is None else sorted(about.chosen)
    with ExitStack() as stack:
        with draft_of(path) as draft:
            lines = stack.enter_context(draft.open("w"))
            fcntl.flock(lines, fcntl.LOCK_EX)
            lines.write(json.dumps({"by": about.by, "began": about.began, "chosen": chosen}) + "\n")
            lines.flush()
        _sweep(path.parent)

        def on_node(node: str, status: str, message: str) -> None:
            lines.write(json.dumps({"node": node, "status": status, "message": message}) + "\n")
            lines.flush()

        yield on_node


def read(path: Path) -> Progress:
    """Return the progress of the build at `path`; without a file, one that is not live."""
    try:
        with path.open() as lines:
            is_live = _is_held(lines.fileno())  # before reading: a free file is complete
            records = [json.loads(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return Progress({}, is_live=False)
    about, *ended = records
    nodes = {one["node"]: NodeResult(one["status"], one.get("message", "")) for one in ended}
    chosen = None if about["chosen"] is None else frozenset(about["chosen"])
    return Progress(nodes, is_live, Heading(about["by"], about["began"], chosen))


def _is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _sweep(folder: Path) -> None:
    """Keep the newest files only."""
    for old in sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)[:-KEPT_FILES]:
        old.unlink(missing_ok=True)
