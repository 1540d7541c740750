"""Adam: gradient steps scaled for each parameter (Kingma and Ba, 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.data.interactions import Floats

_MOMENTUM, _SCALE = 0.9, 0.99


class Adam:
    """Moves parameters in place."""

    def __init__(self, parameters: dict[str, Floats]) -> None:
        self.parameters = parameters
        self.step = 0
        self.mean = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.square = {name: np.zeros_like(value) for name, value in parameters.items()}

    def move(self, slopes: dict[str, Floats], rate: float) -> None:
        """Move each parameter by about `rate`."""
        self.step += 1
        for name, slope in slopes.items():
            mean, square = self.mean[name], self.square[name]
            mean += (1 - _MOMENTUM) * (slope - mean)
            square += (1 - _SCALE) * (slope**2 - square)
            size = np.sqrt(square / (1 - _SCALE**self.step)) + 1e-8
            moved = rate / (1 - _MOMENTUM**self.step) * mean / size
            self.parameters[name] -= moved.astype(np.float32)
