"""Batch recommendations by the champion."""
