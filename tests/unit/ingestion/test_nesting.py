"""The shape of a page is what a parser would find, wherever it is cut for counting."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.source import nesting
from ingestion.source.nesting import shape

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text('[]{}",\\é', max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('[{"\\', max_size=3), inner)
    ),
    max_leaves=25,
)


def depth_of(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value
    is_open = isinstance(value, (dict, list))
    return 1 + max(map(depth_of, inside), default=0) if is_open else 0


def objects_in(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value
    return 1 + sum(map(objects_in, inside)) if isinstance(value, (dict, list)) else 0


@pytest.mark.parametrize("at_once", [1, 3, 1024])
@settings(deadline=None)
@given(items=st.lists(JSON, min_size=1, max_size=5), is_ascii=st.booleans())
def test_a_shape_is_that_of_the_value(at_once: int, items: list[Any], *, is_ascii: bool) -> None:
    page = {"items": items}
    raw = json.dumps(page, ensure_ascii=is_ascii).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nesting, "AT_ONCE", at_once)
        patched.setattr(nesting, "FEW_VALUES", 0)
        found = shape(raw)
    assert (found.depth, found.objects) == (depth_of(page), objects_in(page))
    assert found.records == len(items)
