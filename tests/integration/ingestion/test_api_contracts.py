"""Both APIs against their own OpenAPI documents: requests that fit them, and some that do not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.served_marts import Marts
from tests.support.serving_server import serving
from tests.support.source_server import source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW, MANY = 25, 2_000
SMALL = ("--seed=3", "--users=60", "--tracks=120", "--days=30", "--as-of=2026-11-22T21:00:00")


@pytest.fixture(scope="module", params=["source", "serving"])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str]]]:
    """An API that answers: its address, and the headers that open it."""
    data_dir: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "source":
        with source(data_dir, *SMALL) as app:
            yield app.url, {}
    else:
        Marts().publish(data_dir / "marts.duckdb")
        with serving(data_dir) as running:
            yield running.url, {"X-API-Key": running.key}


def hold_to_contract(api: tuple[str, dict[str, str]], each: int) -> Counter[str]:
    """Send so many generated requests to each operation, good and bad; count those answered."""
    url, headers = api
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    sent: Counter[str] = Counter()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), "an operation is described wrongly"
        operation = result.ok()
        has_parameters = any(True for _ in operation.iter_parameters()) or bool(operation.body)
        modes = [GenerationMode.POSITIVE, *[GenerationMode.NEGATIVE] * has_parameters]
        for mode in modes:

            @given(case=operation.as_strategy(generation_mode=mode))
            @examples(
                max_examples=each if has_parameters else min(each, FEW),
                deadline=None,
                database=None,
                derandomize=each == FEW,
                suppress_health_check=list(HealthCheck),
            )
            def one(case: schemathesis.Case[Any]) -> None:
                case.call_and_validate(headers=headers, checks=CHECKS)
                sent[case.operation.label] += 1

            one()
    return sent


def test_every_answer_is_as_documented(api: tuple[str, dict[str, str]]) -> None:
    sent = hold_to_contract(api, FEW)
    assert len(sent) >= 5
    assert sent.total() >= 150


@pytest.mark.slow
def test_ten_thousand_answers_are_as_documented(api: tuple[str, dict[str, str]]) -> None:
    sent = hold_to_contract(api, MANY)
    assert sent.total() >= 10_000
