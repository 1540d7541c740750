"""Every row of a batch says which run of which model made it."""

from datetime import datetime

from lake.schemas import BATCH
from ml.scoring.batch import Batch


def test_the_columns_of_a_batch_have_the_types_of_its_tables() -> None:
    day = datetime(2026, 1, 1)
    columns = Batch(7, "run", day, day).columns(2)
    assert {name: column.type for name, column in columns.items()} == {
        field.name: field.type for field in BATCH
    }
    assert columns["model_version"].to_pylist() == [7, 7]
