"""Models that add up similarities of a track to those that a user played."""
