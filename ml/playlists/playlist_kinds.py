"""The kinds of playlists, their titles, and the reasons for their tracks."""

from __future__ import annotations

KINDS = ("discover", "on_repeat", "release_radar", "mix", "rewind", "popular")
DISCOVER, ON_REPEAT, RELEASE_RADAR, MIX, REWIND, POPULAR = range(6)

REASONS = ("model", "neighbours", "metadata", "popularity", "played_lately", "played_often")
"""What speaks for a track: a model, as in `recommendations`, or the user's own plays."""
MODEL, NEIGHBOURS, METADATA, POPULARITY, PLAYED_LATELY, PLAYED_OFTEN = range(6)
RECOMMENDED = -1
"""In place of one of the first four: what speaks for the track is looked up when all is chosen."""

PER_ARTIST = 2
"""Tracks of one artist at most in a playlist; `on_repeat` has no limit."""

TITLES = {
    DISCOVER: ("Discover", "Tracks you have never played, chosen from what you play."),
    ON_REPEAT: ("On repeat", "What you are likely to play again this week."),
    RELEASE_RADAR: ("Release radar", "New tracks that fit what you play."),
    REWIND: ("Rewind", "Tracks you played a lot, but not lately."),
    POPULAR: ("Popular", "What most people play at the moment."),
}
