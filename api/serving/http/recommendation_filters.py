"""The query parameters that limit a user's recommendations."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query

from api.serving.snapshot.filtering import Wanted

MOST_EXCLUDED = 200
_IDS = rf"^-?[0-9]{{1,10}}(,-?[0-9]{{1,10}}){{0,{MOST_EXCLUDED - 1}}}$"


async def _filters(
    mode: Annotated[
        Literal["discover", "again"] | None,
        Query(description="tracks that the user never heard, or heard and may want to hear again"),
    ] = None,
    genre: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=100,
            description="tracks of one genre, in upper or lower case",
            examples=["Jazz"],
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        Query(
            pattern=_IDS,
            description=f"ids of up to {MOST_EXCLUDED} tracks that are left out",
            examples=["17,801"],
        ),
    ] = None,
) -> Wanted | None:
    if mode is None and genre is None and exclude is None:
        return None
    return Wanted(mode, genre, frozenset(map(int, exclude.split(","))) if exclude else frozenset())


Filters = Annotated[Wanted | None, Depends(_filters)]
