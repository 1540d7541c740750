"""Feedback on its way from the serving API into the lake."""
