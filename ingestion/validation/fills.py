"""How full each column is, compared with earlier loads: detects a column that becomes empty."""

from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lake import loads, log

# Fewer records, in the load or in those before, prove nothing about a column.
FEWEST_RECORDS = 20
LOOK_BACK = 10
# A column that was mostly empty may be so throughout.
MOSTLY = 0.5
# A tenth of what was usual refuses the load, half of it is a warning.
REFUSED, ODD = 0.1, 0.5
# Where the most common value has usually nine tenths or less, one value everywhere is odd.
VARIED = 0.9


@dataclass(frozen=True, slots=True)
class Fill:
    """Records that have a value in a column, and those that have the most common one."""

    records: int
    filled: int
    commonest: int

    @property
    def share(self) -> float:
        """The share of records that have a value."""
        return self.filled / self.records if self.records else 0.0

    @property
    def sameness(self) -> float:
        """Of these, the share with the most common value."""
        return self.commonest / self.filled if self.filled else 1.0


Fills = dict[str, Fill]


def column(table: str, name: str) -> str:
    """The qualified name of a column."""
    return f"{table}.{name}"


def fill(values: pa.ChunkedArray) -> Fill:
    """Measure a column; null, a blank text and an empty list are no values."""
    kind = values.type
    if pa.types.is_list(kind):
        filled = pc.sum(pc.greater(pc.list_value_length(values), 0)).as_py() or 0
        return Fill(len(values), filled, 0)
    if not pa.types.is_string(kind):
        return Fill(len(values), len(values) - values.null_count, 0)
    texts = values.drop_null()
    texts = texts.filter(pc.not_equal(pc.utf8_trim_whitespace(texts), ""))
    counts = pc.value_counts(texts).field("counts")
    return Fill(len(values), len(texts), pc.max(counts).as_py() or 0)


def usual(lake_url: str, load: loads.ValidationResult) -> Fills:
    """Sum up the columns of the newest accepted loads before this one."""
    results = loads.latest_by_load(log.read(lake_url, "load_verdicts", _newest(lake_url, load)))
    known = sorted(
        (one for one in results.values() if one.verdict == "accepted" and one.as_of < load.as_of),
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


def _newest(lake_url: str, load: loads.ValidationResult) -> list[str]:
    """The folders of the newest days with decisions, enough of them for `LOOK_BACK` loads."""
    last = f"day={load.as_of:%Y-%m-%d}"
    days = [day for day in log.days(lake_url, "load_verdicts") if day.rsplit("/", 1)[-1] <= last]
    return days[: LOOK_BACK + 1]
