"""Decisions about which version is champion: promotion, the first champion, roll-back.

The newest row of `ops/promotions` names the champion. MLflow's aliases repeat it for people; no
code that serves reads them.
"""
