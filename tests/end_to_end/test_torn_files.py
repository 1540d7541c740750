"""Each file of a data folder torn in turn: every command ends in one line, or mends it.

The short form tears what is derived. The long one tears each kind of file once, in one of
four ways in turn, so that neighbours (a table's files, a model's) are torn in different ways.
"""

import random
import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.checksums import LAKE_BOUND, checksums
from tests.support.installation import DAY_1, DAY_2, SMALL_WORLD, Installation

Tear = Callable[[bytes], bytes]

TEARS: dict[str, Tear] = {
    "empty": lambda _: b"",
    "half": lambda whole: whole[: len(whole) // 2],
    "short": lambda whole: whole[: max(0, len(whole) - 5)],
    "garbage": lambda whole: random.Random(len(whole)).randbytes(max(20, len(whole))),
}
# What is only ever written, and read by people: torn, it misleads nothing.
FOR_PEOPLE = re.compile(
    r"\.(html|png|sql|log|txt|yaml|gpickle|lock)$|/(compiled|run|code|logs|tmp)/|/\.|/MLmodel$"
)
# The app's own world is the app's, as if behind its API.
NOT_OURS = re.compile(r"^source/")
TINY = SMALL_WORLD | {
    "MOOVITAMIX_RECOMMENDATIONS": "true",
    "MOOVITAMIX_MODEL": "item-knn",
    "MOOVITAMIX_MIN_LISTENS": "100",
}
PUT_BACK = ("lake/", "mlflow/mlflow.db", "format.json")
SHARES = 9  # no multiple of the ways to tear: a share has all of them
COMMANDS = (
    ("status",),
    ("query", "select count(*) from dim_users"),
    ("report",),
    ("build",),
    ("publish",),
    ("recommend",),
    ("train",),
    ("backup", "{data}.backups"),
    ("run", "--as-of", DAY_2.isoformat()),
)


@pytest.fixture(scope="module")
def tiny_day_run(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A first day with its model, only to be copied."""
    installation = Installation(tmp_path_factory.mktemp("tiny") / "data", TINY)
    installation.data_dir.mkdir()
    installation.runs_day(DAY_1)
    return installation


@pytest.fixture(scope="module")
def second_day(tiny_day_run: Installation, tmp_path_factory: pytest.TempPathFactory) -> object:
    """What the second day gives where nothing was torn."""
    other = tiny_day_run.copy(tmp_path_factory.mktemp("second") / "data")
    other.does("run", "--as-of", DAY_2.isoformat())
    assert facts_of(other)
    return facts_of(other)


def kind_of(path: str) -> str:
    """What files are alike: those whose names differ in ids, hashes and instants alone."""
    return re.sub(r"[0-9a-f]{8,}|\d+", "#", path)


def kinds(installation: Installation) -> dict[str, str]:
    """Return one file, by its path, for each kind that something reads."""
    found = sorted(
        str(path.relative_to(installation.data_dir))
        for path in installation.data_dir.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
    return {
        kind_of(path): path
        for path in found
        if not FOR_PEOPLE.search(path) and not NOT_OURS.search(path)
    }


def require_one_line_or_mended(installation: Installation, words: tuple[str, ...]) -> bool:
    """Run a command; whatever is torn, it ends in success or in one line. Return whether it did."""
    asked = [word.format(data=installation.data_dir) for word in words]
    code, _, complaint = installation.ends(*asked)
    lines = [line for line in complaint.splitlines() if "is damaged (" not in line]
    assert code in {0, 1}, complaint
    assert "Traceback" not in complaint
    assert "unexpected" not in complaint, complaint
    assert len(lines) <= (code == 1) + sum("warning" in line for line in lines), complaint
    return code == 0


def tear(installation: Installation, path: str, how: str) -> bytes:
    torn = installation.data_dir / path
    whole = torn.read_bytes()
    mode = torn.stat().st_mode
    torn.chmod(0o644)
    torn.write_bytes(TEARS[how](whole))
    torn.chmod(mode)
    return whole


DERIVED = {
    "build.duckdb": "half",
    "dbt/target/partial_parse.msgpack": "half",
    "dbt/target/manifest.json": "short",
    "dbt/unit_tests/marts.json": "empty",
    "dlt/moovitamix/state.json": "half",
    "dlt/moovitamix/schemas/moovitamix.schema.json": "garbage",
}


def test_whatever_is_derived_is_made_again_by_one_run(day_1: Installation, tmp_path: Path) -> None:
    undisturbed = day_1.copy(tmp_path / "data")
    undisturbed.does("run", "--as-of", DAY_2.isoformat())
    for path, how in DERIVED.items():
        tear(day_1, path, how)
    (load,) = day_1.data_dir.glob("quality/*/load.json")
    load.write_text("{")
    require_one_line_or_mended(day_1, ("status",))
    code, _, complaint = day_1.ends("run", "--as-of", DAY_2.isoformat())
    assert code == 0, complaint
    (line,) = complaint.splitlines()
    assert "build.duckdb is damaged" in line
    assert facts_of(undisturbed)
    assert facts_of(day_1) == facts_of(undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("share", range(SHARES))
def test_every_kind_of_file_torn_in_turn(
    tiny_day_run: Installation, second_day: object, tmp_path: Path, share: int
) -> None:
    torn = list(zip(kinds(tiny_day_run).values(), cycle(TEARS), strict=False))[share::SHARES]
    assert torn
    for number, (path, how) in enumerate(torn):
        installation = tiny_day_run.copy(tmp_path / f"{number}")
        whole = tear(installation, path, how)
        for words in COMMANDS:
            try:
                require_one_line_or_mended(installation, words)
            except AssertionError as error:
                raise AssertionError(f"{path} torn ({how}): {words}: {error}") from error
        if path.startswith(PUT_BACK):  # as the line says
            (installation.data_dir / path).write_bytes(whole)
        installation.does("run", "--as-of", DAY_2.isoformat())
        assert facts_of(installation) == second_day, path


def facts_of(installation: Installation) -> object:
    """Return the checksums of what a lake gives, whichever model recommends."""
    found = checksums(installation.marts, leave_out=LAKE_BOUND)
    return {table: its for table, its in found.items() if re.match(r"main\.(dim|fact)_", table)}
