"""Lazy modules: not loaded by an import, and themselves at the first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ingestion.validation.lazy_modules import import_lazily

SCRIPT = """
import sys
from ingestion.validation.lazy_modules import import_lazily
import_lazily("email.mime.text", "json")
import email.mime.text as text
from email.mime import text as again
assert "email.mime.nonmultipart" not in sys.modules
assert text is again
assert text.MIMEText("a").get_payload() == "a"
assert "email.mime.nonmultipart" in sys.modules
assert again.MIMEText is text.MIMEText
"""
VALIDATOR = """
import sys
from ingestion.validation import validator
from ingestion.validation.lazy_modules import LazyModule, import_lazily
import_lazily(*validator.UNUSED)
import great_expectations
assert all(isinstance(sys.modules[name], LazyModule) for name in validator.UNUSED)
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as kl
assert round(kl.stats.entropy([0.5, 0.5]), 3) == 0.693
"""


@pytest.mark.parametrize("script", [SCRIPT, VALIDATOR], ids=["a module", "Great Expectations"])
def test_a_module_is_loaded_at_its_first_use(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_module_that_is_not_there_is_named_at_once() -> None:
    with pytest.raises(ModuleNotFoundError, match="no module nowhere_at_all"):
        import_lazily("nowhere_at_all")
