"""The first failing rows of a test, reduced to keys, numbers and instants."""

from collections.abc import Sequence
from pathlib import Path

from orchestration.run.errors import Failure

ROWS, TESTS = 3, 3
# A text of any column may be a person's name; these are made by this project.
SHOWN_TEXTS = frozenset({"load_id", "run_id", "table_name"})


def first_failing_rows(build_file: Path, failures: Sequence[Failure]) -> list[str]:
    """Return a line per row: some rows of some failing tests, as `column=value`.

    Raises `duckdb.Error` where the build file can't be read.
    """
    import duckdb

    lines = []
    with duckdb.connect(build_file, read_only=True) as built:
        for failure in [one for one in failures if one.found_in][:TESTS]:
            found = built.sql(f"select * from {failure.found_in} limit {ROWS}")
            may_show = [_may_be_shown(*one) for one in zip(found.columns, found.types, strict=True)]
            for row in found.fetchall():
                values = zip(found.columns, row, may_show, strict=True)
                shown = [f"{name}={value}" for name, value, is_shown in values if is_shown]
                lines.append(f"{failure.name}: {' '.join(shown) or 'no column may be shown'}")
    return lines


def _may_be_shown(name: str, kind: object) -> bool:
    is_text = any(word in str(kind) for word in ("VARCHAR", "BLOB", "JSON", "STRUCT", "MAP"))
    return not is_text or name in SHOWN_TEXTS
