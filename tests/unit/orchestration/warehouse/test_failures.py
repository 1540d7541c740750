from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.warehouse.dbt_commands.failures import failure_line


def _result(status: str, message: str | None, failures: int | None = None, **node: object) -> Any:
    named = SimpleNamespace(name="dim_users", resource_type="model", **node)
    return SimpleNamespace(status=status, message=message, failures=failures, node=named)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            _result("fail", None, 1234, compiled_path="target/unique.sql"),
            "test dim_users found 1,234 rows (target/unique.sql)",
        ),
        (
            _result("fail", None, 2, should_store_failures=True, relation_name='"b"."audit"."u"'),
            'test dim_users found 2 rows (select * from "b"."audit"."u")',
        ),
        (
            _result("error", "Runtime Error\n  Conversion Error: no\n\n  LINE 3: select"),
            "model dim_users: Runtime Error Conversion Error: no",
        ),
        (
            _result("error", "Compilation Error\n  no such column\n  \n  > in macro a (b.sql)"),
            "model dim_users: Compilation Error no such column",
        ),
        (_result("error", None), "model dim_users: no reason given"),
    ],
)
def test_a_failure_says_what_failed_by_how_much_and_where_to_look(result: Any, line: str) -> None:
    assert failure_line(result) == line
