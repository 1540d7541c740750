"""Atomic exchange of two folders (`renameat2`)."""

import ctypes
import errno
import os
from pathlib import Path

from orchestration.operations.backups.errors import NotExchanged

_HERE, _EXCHANGE = -100, 2
_UNKNOWN = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


def exchange(new: Path, present: Path) -> None:
    """Exchange two folders: at every instant each name has one of them whole.

    Raises `NotExchanged` where it can't be done: `present` is, for example, a mount point.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        code = errno.ENOSYS
    elif rename(_HERE, os.fsencode(new), _HERE, os.fsencode(present), _EXCHANGE) == 0:
        return
    else:
        code = ctypes.get_errno()
    if code in _UNKNOWN and [path.name for path in present.iterdir()] == [".writer.lock"]:
        (present / ".writer.lock").unlink()
        new.rename(present)  # onto an empty folder: in one instant too
        return
    raise NotExchanged(present, os.strerror(code))
