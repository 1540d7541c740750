import duckdb

from orchestration.warehouse.catalog import rows_in_quarantine

LOADS = """
create schema ledger;
create table ledger.loads (load_id varchar, as_of timestamp);
create schema quarantine;
"""


def test_a_build_without_loads_has_nothing_in_quarantine() -> None:
    with duckdb.connect() as built:
        built.execute(LOADS)
        built.execute("create table quarantine.users (load_id varchar)")
        assert rows_in_quarantine(built) == 0


def test_only_the_newest_load_is_counted_in_quarantine() -> None:
    with duckdb.connect() as built:
        built.execute(LOADS)
        built.execute(
            "insert into ledger.loads values"
            " ('9.0', timestamp '2026-01-01'), ('10.0', timestamp '2026-01-02')"
        )
        for table, loads in (("users", "'9.0', '10.0'"), ("tracks", "'10.0', '10.0'")):
            built.execute(f"create table quarantine.{table} as select unnest([{loads}]) as load_id")
        assert rows_in_quarantine(built) == 3
