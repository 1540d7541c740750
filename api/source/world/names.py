"""Pools of names from Faker, combined to people and titles.

Faker takes some ten microseconds a name; a pool of a few thousand, combined by vectors, names any
number of people and tracks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Picks = npt.NDArray[np.int64]

_TITLES = ("{word}", "{word} {other}", "The {word}", "{word} in {place}", "{color} {word}")
_WORD_BREAK = re.compile("(?<=[a-z])(?=[A-Z])")  # "LightCoral"
_BANDS = ("{person}", "{person}", "The {color} {word}s", "{word} & {other}", "{place} {word}")


@dataclass(frozen=True, slots=True)
class Names:
    """The pools: arrays of strings, the same for the same seed."""

    first_male: pa.Array
    first_female: pa.Array
    first_any: pa.Array
    last: pa.Array
    domains: pa.Array
    titles: pa.Array
    bands: pa.Array
    people: pa.Array


@cache
def make_names(seed: int) -> Names:
    """Fill the pools."""
    from faker import Faker

    fake = Faker("en_US", use_weighting=False)
    fake.seed_instance(seed)

    def pool(make: Callable[[], str], number: int) -> list[str]:
        return list(dict.fromkeys(make() for _ in range(number)))

    rng = np.random.default_rng(seed)
    last = pool(fake.last_name, 1500)
    parts = {
        "person": pool(lambda: f"{fake.first_name()} {fake.last_name()}", 1500),
        "word": [word.capitalize() for word in pool(fake.word, 1500)],
        "other": [word.capitalize() for word in pool(fake.word, 1500)],
        "place": pool(fake.city, 800),
        "color": [_WORD_BREAK.sub(" ", color) for color in pool(fake.color_name, 300)],
    }

    def composed(patterns: tuple[str, ...], number: int) -> pa.Array:
        columns = {name: rng.choice(values, number) for name, values in parts.items()}
        chosen = rng.integers(len(patterns), size=number)
        made = (
            patterns[pattern].format(**{name: column[row] for name, column in columns.items()})
            for row, pattern in enumerate(chosen)
        )
        return pa.array(dict.fromkeys(made))

    return Names(
        first_male=pa.array(pool(fake.first_name_male, 600)),
        first_female=pa.array(pool(fake.first_name_female, 600)),
        first_any=pa.array(pool(fake.first_name, 900)),
        last=pa.array(last),
        domains=pa.array([f"example.{top}" for top in ("com", "net", "org")]),
        titles=composed(_TITLES, 4000),
        bands=composed(_BANDS, 4000),
        people=pa.array(parts["person"]),
    )


def pick(pool: pa.Array, rng: np.random.Generator, number: int) -> pa.Array:
    """Draw `number` names from a pool, with repetition.

    Args:
        pool: The names to draw from.
        rng: The random generator.
        number: How many names.

    """
    return pool.take(pa.array(rng.integers(len(pool), size=number)))


def joined(*columns: pa.Array | str, by: str = "") -> pa.Array:
    """Join columns of strings (or constants) element by element."""
    return pc.binary_join_element_wise(*columns, by)
