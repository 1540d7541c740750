"""A person as texts tell of one: by address, by both names together, by a user's id."""

import re
from dataclasses import dataclass, field
from functools import cached_property

GONE = "[forgotten]"
# A number of this length is hardly anything else; a shorter one only where it is called a user's.
TELLING_DIGITS = 6
CALLED = "user_id|user id|user|unique_field|value_field|from_field"


@dataclass(frozen=True)
class Person:
    """Who is to be forgotten: the id, and what was found under it."""

    user_id: int
    emails: frozenset[str] = frozenset()
    names: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def redacted(self, text: str) -> str:
        """The text without the person, line by line; anybody else's words stay."""
        text = self.pattern.sub(lambda found: (found["called"] or "") + GONE, text)
        for first, last in self.names:
            if first in text and last in text:
                text = "".join(_without(line, first, last) for line in text.splitlines(True))
        return text

    def is_told_by(self, text: str) -> bool:
        """Whether a text tells of the person."""
        return self.redacted(text) != text

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What stands for the person by itself; `called` is the word before an id."""
        ids = [rf"(?P<called>(?<!\w)(?:{CALLED})\W{{1,4}}){self.user_id}(?![\w])"]
        if len(str(abs(self.user_id))) >= TELLING_DIGITS:
            ids.append(rf"(?<![\w.]){self.user_id}(?!\w)")
        emails = [re.escape(one) for one in sorted(self.emails)]
        return re.compile("|".join([*ids, *emails]), re.IGNORECASE)

    @property
    def sql_pattern(self) -> str:
        """The same for an engine whose patterns can't look behind."""
        ids = [rf"\b(?:{CALLED})\W{{1,4}}{self.user_id}\b"]
        if len(str(abs(self.user_id))) >= TELLING_DIGITS:
            ids.append(rf"\b{self.user_id}\b")
        return "|".join([*ids, *(re.escape(one) for one in sorted(self.emails))])


def _without(line: str, first: str, last: str) -> str:
    if first in line and last in line:
        for name in (first, last):
            line = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", GONE, line)
    return line
