"""The runbook in `docs/runbooks/` of each failure."""

import errno

from orchestration.run.errors import BuildFailed

# Failures that no error of ours names.
OF_OTHERS = {"DiskFull": "disk-full", "AirflowTaskTimeout": "run-late"}
# Pages for builds whose failing tests are of one kind.
PAGES_OF_TESTS = {
    "nulls": "test-nulls",
    "keys": "test-keys",
    "volume": "test-volume",
    "conservation": "test-conservation",
}
KINDS_OF_TESTS = {
    "not_null": "nulls",
    "null_share_at_most": "nulls",
    "unique": "keys",
    "unique_within": "keys",
    "relationships": "keys",
    "volume_within_band": "volume",
    "volume_at_least": "volume",
    "no_large_drop": "volume",
    "sessions_are_whole": "conservation",
    "every_track_record_is_accounted_for": "conservation",
    "every_user_record_is_accounted_for": "conservation",
    "every_session_record_is_accounted_for": "conservation",
}
OTHERWISE = "unexpected-error"


def kind_of(error: BaseException) -> str:
    """Return the name that an alert has for `error`: its class's, or `DiskFull`."""
    full = f"{error} {error.__cause__ or ''}".lower()
    is_full = getattr(error, "errno", None) == errno.ENOSPC or "no space left on device" in full
    return "DiskFull" if is_full else type(error).__name__


def page_of(error: BaseException) -> str:
    """Return the name of the runbook's page for `error`, without its ending."""
    kind = kind_of(error)
    if isinstance(error, BuildFailed) and kind not in OF_OTHERS:
        kinds = {KINDS_OF_TESTS.get(one.rule, "") for one in error.failures}
        if len(kinds) == 1 and (page := PAGES_OF_TESTS.get(kinds.pop())):
            return page
    return OF_OTHERS.get(kind) or getattr(error, "runbook", None) or OTHERWISE
