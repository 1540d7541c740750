"""How full each column was in the loads before, to notice one that suddenly says nothing."""

from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lake import loads, log

# A load of fewer records, or loads before with fewer, tell nothing of a column.
FEWEST_RECORDS = 20
LOOK_BACK = 10
# A column that was mostly empty may be so throughout.
MOSTLY = 0.5
# A tenth of what was usual refuses the load, half of it is a warning.
REFUSED, ODD = 0.1, 0.5
# Nine in ten records, usually, that do not all say the same: then a value throughout is odd.
VARIED = 0.9


@dataclass(frozen=True, slots=True)
class Fill:
    """Records that say something in a column, and those that say what most of them say."""

    records: int
    filled: int
    commonest: int

    @property
    def share(self) -> float:
        """The share of records that say something."""
        return self.filled / self.records if self.records else 0.0

    @property
    def sameness(self) -> float:
        """Of those the share that says the same."""
        return self.commonest / self.filled if self.filled else 1.0


Fills = dict[str, Fill]


def column(table: str, name: str) -> str:
    """The name of a table's column among all."""
    return f"{table}.{name}"


def fill(values: pa.ChunkedArray) -> Fill:
    """Measure a column: null, an empty text and an empty list say nothing."""
    kind = values.type
    if pa.types.is_list(kind):
        filled = pc.sum(pc.greater(pc.list_value_length(values), 0)).as_py() or 0
        return Fill(len(values), filled, 0)
    if not pa.types.is_string(kind):
        return Fill(len(values), len(values) - values.null_count, 0)
    said = values.drop_null()
    said = said.filter(pc.not_equal(pc.utf8_trim_whitespace(said), ""))
    counts = pc.value_counts(said).field("counts")
    return Fill(len(values), len(said), pc.max(counts).as_py() or 0)


def usual(lake_url: str, load: loads.Verdict) -> Fills:
    """The columns of the newest accepted loads before this one, all of them together."""
    verdicts = loads.that_count(log.read(lake_url, "load_verdicts", _newest(lake_url, load)))
    known = sorted(
        (one for one in verdicts.values() if one.verdict == "accepted" and one.as_of < load.as_of),
        key=lambda one: one.as_of,
    )[-LOOK_BACK:]
    accepted = {one.load_id for one in known}
    days = {f"day={one.as_of:%Y-%m-%d}" for one in known}
    folders = [day for day in log.days(lake_url, "column_nulls") if day.rsplit("/", 1)[-1] in days]
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in log.read(lake_url, "column_nulls", folders):
        if row["load_id"] in accepted and row["place"] == "raw":
            blanks, same = row.get("blanks") or 0, row.get("commonest") or 0
            filled = row["rows"] - row["nulls"] - blanks
            for place, number in enumerate((row["rows"], filled, same)):
                counts[column(row["table_name"], row["column_name"])][place] += number
    return {name: Fill(*numbers) for name, numbers in counts.items()}


def _newest(lake_url: str, load: loads.Verdict) -> list[str]:
    """The folders of the newest days with verdicts, of so many as hold loads enough."""
    last = f"day={load.as_of:%Y-%m-%d}"
    days = [day for day in log.days(lake_url, "load_verdicts") if day.rsplit("/", 1)[-1] <= last]
    return days[: LOOK_BACK + 1]
