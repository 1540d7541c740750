"""Published lists handed to the simulated app, whose users then listen to them.

The app knows nothing of ours: it reads the lists of a day as a file in its own folder.
"""

from lake import publications
from lake.atomic import draft_of
from orchestration.run.runs import Run
from orchestration.steps.recommendations import features, make_recommendations

_LISTS = """
    select user_id, position, track_id
    from playlist_tracks
    inner join playlists using (playlist_id, user_id, day)
    where kind = 'discover' and day = (select max(day) from playlists)
    order by user_id, position
"""


def hand_over_lists(run: Run) -> None:
    """Publish a built day with its recommendations, and give `discover` to the simulated app."""
    features(run)
    make_recommendations(run)
    assert run.as_of is not None, "the day was ingested"
    folder = run.settings.data_dir / "source" / "lists"
    with run.step("lists") as step, publications.connect(run.settings.marts_file) as published:
        found = published.sql(_LISTS)
        step.rows = len(found)
        with draft_of(folder / f"{run.as_of:%Y-%m-%d}.parquet") as draft:
            found.write_parquet(str(draft))
        step.what = "discover, for the app's users to listen to"
