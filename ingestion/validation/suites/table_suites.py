"""The suites of the tables: known values, keys, times and patterns of the records."""

from typing import TYPE_CHECKING

from ingestion.validation.suites.record_rules import MOST, NEARLY_ALL, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from great_expectations.expectations.expectation import Expectation

GENDERS = [
    *("Male", "Female", "Non-binary", "Genderqueer", "Genderfluid", "Agender", "Bigender"),
    *("Gender questioning", "Gender nonconforming"),
]
GENRES = [
    *("Rock", "Pop", "Hip Hop", "Jazz", "Electronic", "Classical", "Country", "Blues", "R&B"),
    *("Reggae", "Folk", "Metal", "Punk", "Funk", "Indie", "Alternative", "Techno"),
]
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
DURATION = r"^\d{1,3}:[0-5]\d$"
FEEDBACK_KINDS = ["play", "skip", "like", "unlike", "hide", "unhide", "clear"]
LONGEST_SESSION = 2_000


def tracks(rules: Rules) -> "Iterator[Expectation]":
    """Expectations of `tracks`."""
    yield from rules.key("id")
    yield rules.times()
    yield from rules.known(MOST, "name", "artist")
    # Some apps lack these; `against_usual` refuses a load that no longer has them.
    yield from rules.known(MOST, "duration", "album", severity="warn")
    yield from rules.pattern("duration", DURATION, "MM:SS")
    yield rules.listed("genres", GENRES)


def users(rules: Rules) -> "Iterator[Expectation]":
    """Expectations of `users`."""
    yield from rules.key("id")
    yield rules.times()
    yield from rules.known(MOST, "first_name", "last_name", "email")
    yield from rules.pattern("email", EMAIL, "an e-mail address")
    yield rules.listed("gender", GENDERS)
    yield rules.listed("favorite_genres", GENRES)


def sessions(rules: Rules) -> "Iterator[Expectation]":
    """Expectations of `listen_history`."""
    yield from rules.known(NEARLY_ALL, "user_id", "created_at")
    yield rules.expect(
        "CompoundColumnsToBeUnique",
        "user_id and created_at identify a session",
        NEARLY_ALL,
        column_list=["user_id", "created_at"],
        ignore_row_if="any_value_is_missing",
    )
    yield rules.times()
    yield rules.expect(
        "ColumnValuesToBeBetween",
        f"items holds at most {LONGEST_SESSION:,} tracks",
        NEARLY_ALL,
        column="items_count",
        max_value=LONGEST_SESSION,
    )
    yield rules.expect(
        "ColumnValuesToBeInSet",
        "items holds track ids that fit INTEGER, no null",
        NEARLY_ALL,
        column="items_broken",
        value_set=[False],
    )


def feedback(rules: Rules) -> "Iterator[Expectation]":
    """Expectations of `feedback`."""
    yield from rules.known(NEARLY_ALL, "event_id", "key", "user_id", "kind", "happened_at")
    yield rules.expect("ColumnValuesToBeUnique", "key is unique", NEARLY_ALL, column="key")
    yield rules.expect(
        "ColumnValuesToBeInSet",
        f"kind is one of the {len(FEEDBACK_KINDS)} known",
        NEARLY_ALL,
        column="kind",
        value_set=FEEDBACK_KINDS,
    )
