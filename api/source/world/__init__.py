"""The generated world: who signs up, what is released, and what is played, from one seed.

It is made in blocks of 30 days. Block 0 lies before the launch and holds the founding users and
catalogue; block b is a pure function of the seed, the sizes, the launch day and the blocks before
it. So a world generated in one go up to an instant equals one generated day by day.
"""

from api.source.world.taste import Taste, listen_probability

__all__ = ["Taste", "listen_probability"]
