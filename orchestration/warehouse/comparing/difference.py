"""What differs between two states of the marts."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["added", "removed", "changed"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed")


@dataclass(frozen=True, slots=True)
class RowExample:
    """A row that differs; of a changed one, each column's values before and after."""

    kind: Kind
    key: dict[str, str]
    columns: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class TableDifference:
    """What differs in a table that both states have."""

    name: str
    key: list[str]
    """The columns that identify a row; none: rows are compared as a whole."""
    rows_before: int = 0
    rows_after: int = 0
    columns_added: dict[str, str] = field(default_factory=dict)
    """Types by name; of those removed too."""
    columns_removed: dict[str, str] = field(default_factory=dict)
    columns_retyped: dict[str, tuple[str, str]] = field(default_factory=dict)
    rows: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    columns_changed: dict[str, int] = field(default_factory=dict)
    """In how many changed rows each column differs, the most first."""
    examples: list[RowExample] = field(default_factory=list)

    @property
    def has_other_columns(self) -> bool:
        """Whether columns came, went or changed their type."""
        return bool(self.columns_added or self.columns_removed or self.columns_retyped)

    @property
    def differs(self) -> bool:
        """Whether there is anything to report."""
        return self.has_other_columns or any(self.rows.values())


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """A metric over all time, before and after."""

    name: str
    label: str
    before: float | None
    after: float | None

    @property
    def differs(self) -> bool:
        """Whether its value is another."""
        return self.before != self.after


@dataclass(slots=True)
class Difference:
    """All that differs between two states of the marts."""

    base: str
    target: str
    tables_added: dict[str, int] = field(default_factory=dict)
    """Rows by name; of those removed too."""
    tables_removed: dict[str, int] = field(default_factory=dict)
    tables: list[TableDifference] = field(default_factory=list)
    metrics: list[MetricDifference] = field(default_factory=list)

    @property
    def differing(self) -> list[TableDifference]:
        """The tables of both states that differ."""
        return [table for table in self.tables if table.differs]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.tables_added or self.tables_removed or self.differing)

    def headline(self) -> str:
        """Return what differs, in a line."""
        if self.is_empty:
            return f"nothing differs in {len(self.tables)} tables"
        parts = [
            f"{len(self.differing)} of {len(self.tables)} tables differ",
            *([f"{len(self.tables_added)} came"] if self.tables_added else []),
            *([f"{len(self.tables_removed)} went"] if self.tables_removed else []),
        ]
        return ", ".join(parts)
