"""One expectation of Great Expectations, with its rule in words and its severity."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def expect(
    kind: str,
    rule: str,
    severity: str = "error",
    observed: str | None = None,
    **parameters: Any,  # noqa: ANN401 - what each kind takes
) -> "Expectation":
    """Build an expectation.

    Args:
        kind: The expectation's name without `Expect`.
        rule: What it requires, in words.
        severity: `error` or `warn`.
        observed: What was found, in words, where Great Expectations does not report it.
        parameters: What this kind of expectation takes.

    """
    from great_expectations import expectations

    expectation: Expectation = getattr(expectations, f"Expect{kind}")(
        severity={"error": "critical", "warn": "warning"}[severity],
        meta={"rule": rule, "severity": severity, "observed": observed},
        **parameters,
    )
    return expectation
