"""A person in texts: an e-mail address, both names together, or a user's id."""

import re
from dataclasses import dataclass, field
from functools import cached_property

GONE = "[forgotten]"
# A number of this length is an id; a shorter one only after a word like `user_id`.
UNIQUE_DIGITS = 6
CALLED = "user_id|user id|user|unique_field|value_field|from_field"


@dataclass(frozen=True)
class Person:
    """The person to erase: the id, and the addresses and names found for it."""

    user_id: int
    emails: frozenset[str] = frozenset()
    names: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def redacted(self, text: str) -> str:
        """Replace the person in a text, names only where both are in one line."""
        text = self.pattern.sub(lambda found: (found["called"] or "") + GONE, text)
        for first, last in self.names:
            if first in text and last in text:
                text = "".join(_without(line, first, last) for line in text.splitlines(True))
        return text

    def is_mentioned_in(self, text: str) -> bool:
        """Whether a text mentions the person."""
        return self.redacted(text) != text

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern of ids and addresses; `called` is the word before an id."""
        ids = [rf"(?P<called>(?<!\w)(?:{CALLED})\W{{1,4}}){self.user_id}(?![\w])"]
        if len(str(abs(self.user_id))) >= UNIQUE_DIGITS:
            ids.append(rf"(?<![\w.]){self.user_id}(?!\w)")
        emails = [re.escape(one) for one in sorted(self.emails)]
        return re.compile("|".join([*ids, *emails]), re.IGNORECASE)

    @property
    def sql_pattern(self) -> str:
        """The same for SQL engines, whose patterns have no lookbehind."""
        ids = [rf"\b(?:{CALLED})\W{{1,4}}{self.user_id}\b"]
        if len(str(abs(self.user_id))) >= UNIQUE_DIGITS:
            ids.append(rf"\b{self.user_id}\b")
        return "|".join([*ids, *(re.escape(one) for one in sorted(self.emails))])


def _without(line: str, first: str, last: str) -> str:
    if first in line and last in line:
        for name in (first, last):
            line = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", GONE, line)
    return line
