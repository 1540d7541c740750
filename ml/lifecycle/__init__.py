"""Search, training, promotion, drift: how a model becomes champion."""
