"""Tests; what they share in `tests.support` explains its failed assertions as they do."""

import pytest

pytest.register_assert_rewrite("tests.support")
