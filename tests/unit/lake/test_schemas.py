"""The columns that dbt declares are those that the lake's writers know."""

from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import yaml

from lake import schemas

MODELS = Path(__file__).parents[3] / "dbt_project" / "models"
TABLES = {"raw": schemas.RAW, "ops": schemas.OPS, "records": schemas.OPS, "ml": schemas.ML}
IN_PATH = {"raw": {"load_date", "_dlt_load_id"}, "ops": {"day"}, "records": {"day"}, "ml": set()}
# dbt reads none of it: a model's own features, people's keys, copies of the data folder.
NOT_FOR_DBT = {"feature_profiles", "drift", "forgotten", "backups"}
TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double": pa.float64(),
    "timestamp": schemas.TIMESTAMP,
    "boolean": pa.bool_(),
}

Columns = dict[str, pa.DataType]


def declared() -> dict[tuple[str, str], Columns]:
    """Return the columns of each source of dbt that the lake holds, by its name and table."""
    found: dict[tuple[str, str], Columns] = {}
    for path in MODELS.rglob("sources.yml"):
        for source in yaml.safe_load(path.read_text())["sources"]:
            for table in source["tables"]:
                if source["name"] in TABLES:
                    found[source["name"], table["name"]] = {
                        column["name"]: arrow_type(column["data_type"])
                        for column in table["columns"]
                        if column["name"] not in IN_PATH[source["name"]]
                    }
    return found


def arrow_type(name: str) -> pa.DataType:
    return pa.list_(TYPES[name[:-2]]) if name.endswith("[]") else TYPES[name]


def known(source: str, table: str) -> Columns:
    schema = TABLES[source][table]
    return dict(zip(schema.names, schema.types, strict=True))


def test_every_column_of_a_source_is_one_that_the_lake_has() -> None:
    sources = declared()
    assert {source for source, _ in sources} == set(TABLES)
    for (source, table), columns in sources.items():
        assert columns.items() <= known(source, table).items(), f"{source}.{table}"


def test_raw_tables_and_predictions_are_declared_whole() -> None:
    sources = declared()
    for source in ("raw", "ml"):
        for table in TABLES[source]:
            assert sources[source, table] == known(source, table), f"{source}.{table}"


def test_every_table_of_runs_is_declared_but_those_that_dbt_does_not_read() -> None:
    tables = defaultdict(set)
    for source, table in declared():
        tables[TABLES[source] is schemas.OPS].add(table)
    assert tables[True] == set(schemas.OPS) - NOT_FOR_DBT
