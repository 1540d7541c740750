"""Decisions about the champion: made under a lock, written to the lake, then to MLflow.

The newest row of `ops/promotions` says who is champion. MLflow's aliases repeat it for people; a
crash in between leaves them behind until the next decision, and nothing reads them to serve.
"""
