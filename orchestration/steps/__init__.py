"""The steps of a daily run, and runs made of them."""
