"""The steps of a day, and the days that are made of them."""
