"""Rows of two states of a table compared by key, in SQL, a part of the keys at a time.

A row is known by its key and a hash of its other columns; only rows that differ are looked at
column by column. Memory holds a part of the keys, whatever the table's size.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.warehouse.catalog import name_of
from orchestration.warehouse.comparing.difference import KINDS, RowExample, TableDifference

if TYPE_CHECKING:
    import duckdb

    from orchestration.warehouse.comparing.difference import Kind

ROWS_AT_ONCE = 10_000_000
MASK = "•••"
LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class RowComparison:
    """How the rows of one table are compared."""

    table: TableDifference
    common: list[str]
    """The columns that both states have and that are compared."""
    personal: frozenset[str]
    most_examples: int

    def fill(self, db: "duckdb.DuckDBPyConnection") -> None:
        """Count what differs, by kind and column, and take examples."""
        its = self.table
        if self._checksum(db, "base") == self._checksum(db, "target"):
            return
        parts = 1 + max(its.rows_before, its.rows_after) // ROWS_AT_ONCE
        for part in range(parts):
            self._find(db, parts, part)
            for kind, rows in self._counts(db).items():
                its.rows[kind] += rows
            self._count_columns(db)
            its.examples += [one for kind in KINDS for one in self._examples(db, kind)]
        its.columns_changed = dict(
            sorted(its.columns_changed.items(), key=lambda one: (-one[1], one[0]))
        )

    @property
    def _key(self) -> list[str]:
        return self.table.key or self.common

    @property
    def _values(self) -> list[str]:
        return [column for column in self.common if column not in self._key]

    def _sql(self, column: str) -> str:
        """Return SQL of a value; of a column whose type changed, as text."""
        return name_of(column) + ("::varchar" if column in self.table.columns_retyped else "")

    def _hash(self, columns: list[str]) -> str:
        return f"hash({', '.join(map(self._sql, columns))})" if columns else "0::ubigint"

    def _checksum(self, db: "duckdb.DuckDBPyConnection", side: str) -> object:
        query = f"select count(*), sum({self._hash(self.common)}) from {side}.{self.table.name}"
        return db.execute(query).fetchall()

    def _find(self, db: "duckdb.DuckDBPyConnection", parts: int, part: int) -> None:
        """Make the table `differing` of the keys of one part that differ."""
        keys = [f"{self._sql(column)} as k{at}" for at, column in enumerate(self._key)]
        names = [f"k{at}" for at in range(len(keys))]
        where = f"where {self._hash(self._key)} % {parts} = {part}" if parts > 1 else ""
        rows = {
            side: f"select {', '.join(keys)}, count(*) as n, sum({self._hash(self._values)}) as h"
            f" from {side}.{self.table.name} {where} group by {', '.join(names)}"
            for side in ("base", "target")
        }
        same = " and ".join(f"b.{name} is not distinct from t.{name}" for name in names)
        chosen = ", ".join(f"if(b.n is null, t.{name}, b.{name}) as {name}" for name in names)
        db.execute(
            f"create or replace temp table differing as select {chosen},"
            " case when b.n is null then 'added' when t.n is null then 'removed'"
            " else 'changed' end as kind, coalesce(b.n, 0) as before, coalesce(t.n, 0) as after"
            f" from ({rows['base']}) as b full join ({rows['target']}) as t on {same}"
            " where b.n is null or t.n is null or b.n != t.n or b.h != t.h"
        )

    def _counts(self, db: "duckdb.DuckDBPyConnection") -> "dict[Kind, int]":
        """Return rows by kind; of whole rows, one that is there once more was added."""
        if self.table.key:
            how = "sum(if(kind = 'changed', 1, greatest(before, after)))"
            rows = db.execute(f"select kind, {how}::bigint from differing group by kind").fetchall()
            return dict(rows)
        added, removed = db.execute(
            "select coalesce(sum(greatest(after - before, 0)), 0)::bigint,"
            " coalesce(sum(greatest(before - after, 0)), 0)::bigint from differing"
        ).fetchall()[0]
        return {"added": added, "removed": removed}

    def _joined(self, limit: str = "") -> str:
        """Return SQL of changed keys with the one row of each side."""
        key = self._key
        on = {
            side: " and ".join(
                f"{side[0]}.{self._sql(column)} is not distinct from d.k{at}"
                for at, column in enumerate(key)
            )
            for side in ("base", "target")
        }
        only = f"(from differing where kind = 'changed' and before = 1 and after = 1{limit})"
        return (
            f"{only} as d join base.{self.table.name} as b on {on['base']}"
            f" join target.{self.table.name} as t on {on['target']}"
        )

    def _count_columns(self, db: "duckdb.DuckDBPyConnection") -> None:
        changed = db.execute("select count(*) from differing where kind = 'changed'").fetchall()
        if not changed[0][0] or not self.table.key or not self._values:
            return
        counts = ", ".join(
            f"count(*) filter (b.{self._sql(its)} is distinct from t.{self._sql(its)})"
            for its in self._values
        )
        found = db.execute(f"select {counts} from {self._joined()}").fetchall()[0]
        for column, rows in zip(self._values, found, strict=True):
            if rows:
                before = self.table.columns_changed.get(column, 0)
                self.table.columns_changed[column] = before + rows

    def _examples(self, db: "duckdb.DuckDBPyConnection", kind: "Kind") -> list[RowExample]:
        """Return the first rows of a kind by their keys, as many as are still wanted."""
        wanted = self.most_examples - sum(one.kind == kind for one in self.table.examples)
        names = ", ".join(f"k{at}" for at in range(len(self._key)))
        if wanted < 1:
            return []
        if kind == "changed" and self.table.key and self._values:
            limit = f" order by {names} limit {wanted}"
            values = ", ".join(
                f"b.{name_of(its)}::varchar, t.{name_of(its)}::varchar" for its in self._values
            )
            keys = ", ".join(f"d.k{at}::varchar" for at in range(len(self._key)))
            query = f"select {keys}, {values} from {self._joined(limit)} order by {names}"
            return [self._changed(row) for row in db.execute(query).fetchall()]
        which = {"added": "after > before", "removed": "before > after", "changed": "false"}[kind]
        if self.table.key:
            which = f"kind = '{kind}'"
        rows = db.execute(
            f"select columns('k[0-9]+')::varchar from differing where {which}"
            f" order by {names} limit {wanted}"
        ).fetchall()
        return [RowExample(kind, self._shown_key(row)) for row in rows]

    def _changed(self, row: tuple[str | None, ...]) -> RowExample:
        keys, values = row[: len(self._key)], row[len(self._key) :]
        pairs = zip(self._values, values[::2], values[1::2], strict=True)
        columns = {
            name: (self._shown(name, before), self._shown(name, after))
            for name, before, after in pairs
            if before != after
        }
        return RowExample("changed", self._shown_key(keys), columns)

    def _shown_key(self, row: tuple[str | None, ...]) -> dict[str, str]:
        return {name: self._shown(name, value) for name, value in zip(self._key, row, strict=True)}

    def _shown(self, column: str, value: str | None) -> str:
        if value is None:
            return "null"
        if column in self.personal:
            return MASK
        line = " ".join(value.split())
        return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"
