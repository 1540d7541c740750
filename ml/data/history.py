"""The history available for evaluation: test users and listens of each past week.

Week 0 is the one that training never sees; each week begins at a cut-off. The same counts decide
whether a training is due and at which cut-offs it is evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    import duckdb

    from ml.settings import MlSettings

MAX_CUT_OFFS, MIN_CUT_OFFS = 4, 2
"""Each costs a fit of the challenger. Two at least: one week can be an odd one."""
ENOUGH = 300
"""Test users from which on no earlier week is taken: 246 showed a gain of .028 in 99 % of draws."""
WEEKS = 16
_WEEK = "(date_diff('microsecond', {}, $last) - 1) // $length"


@dataclass(frozen=True, slots=True)
class Plan:
    """At which weeks a training is evaluated, and on which weeks its settings are chosen."""

    weeks: tuple[int, ...]
    """Newest first; each begins at a cut-off and has test users."""
    validation: int
    """Number of weeks before the oldest of them."""
    test_users: int
    """Of all weeks together, each user counted once."""


@dataclass(frozen=True, slots=True)
class History:
    """Counts by week; the lengths of all weeks are the same."""

    last: datetime
    length: timedelta
    listens: dict[int, int]
    """Of each week; of the last number, all before."""
    users: dict[int, int]
    """Users by the weeks in which they played a track for the first time: bit n is week n."""

    def cut_off(self, week: int) -> datetime:
        """Return the instant at which a week begins."""
        return self.last - self.length * (week + 1)

    def listens_before(self, week: int) -> int:
        """Return the number of listens before a week."""
        return sum(number for one, number in self.listens.items() if one > week)

    def test_users(self, *weeks: int) -> int:
        """Return how many users played something new in one of these weeks."""
        wanted = sum(1 << week for week in set(weeks))
        return sum(number for mask, number in self.users.items() if mask & wanted)

    def plan(self, settings: MlSettings, max_cut_offs: int = MAX_CUT_OFFS) -> Plan:
        """Take weeks with test users, the newest first, until there are enough.

        Each must have enough listens before it to train on, and to choose settings by.
        """
        weeks: tuple[int, ...] = (0,)
        for week in range(1, WEEKS // 2):
            is_enough = len(weeks) >= MIN_CUT_OFFS and self.test_users(*weeks) >= ENOUGH
            if is_enough or len(weeks) >= max_cut_offs or not self._can_train(week, settings):
                break
            if self.test_users(week):
                weeks += (week,)
        return Plan(weeks, self._validation(weeks[-1], settings), self.test_users(*weeks))

    def _can_train(self, week: int, settings: MlSettings) -> bool:
        enough = self.listens_before(week) >= settings.min_listens
        return enough and self._validation(week, settings) > 0

    def _validation(self, week: int, settings: MlSettings) -> int:
        """Return how many weeks before a week have users enough; 0 where none has any.

        At least half of the listens before the week are left to train on, if one week allows it.
        """
        number, half = 1, self.listens_before(week) / 2
        while (
            self.test_users(*range(week + 1, week + 1 + number)) < settings.min_judges
            and self.listens_before(week + number + 1) >= half
            and week + number + 1 < WEEKS
        ):
            number += 1
        users = self.test_users(*range(week + 1, week + 1 + number))
        return number if users and self.listens_before(week + number) else 0


def history(published: duckdb.DuckDBPyConnection, first: datetime, last: datetime) -> History:
    """Count test users and listens by weeks as long as the one between the two cut-offs.

    Args:
        published: the published file.
        first: the cut-off at which week 0 begins.
        last: the cut-off at which it ends.

    """
    length = last - first
    units = {"last": last, "length": length // type(length)(microseconds=1)}
    users = published.execute(
        "select weeks, count(*) from ("
        f" select user_id, bit_or(1 << ({_WEEK.format('first_played_at')})) as weeks"
        " from features.feature_user_track where as_of = $last"
        f" and {_WEEK.format('first_played_at')} < {WEEKS} group by user_id) group by weeks",
        units,
    ).fetchall()
    listens = published.execute(
        f"select least({_WEEK.format('listened_at')}, {WEEKS}) as week, count(*)"
        " from fact_listen_history where listened_at < $last group by week",
        units,
    ).fetchall()
    return History(last, length, dict(listens), dict(users))
