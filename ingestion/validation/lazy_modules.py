"""Modules that are loaded at the first use of a name in them, not when they are imported."""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """Stands for a module; `importlib.util.LazyLoader` loads as soon as another imports it too."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        self.__dict__.update(module.__dict__)
        return getattr(module, name)


def import_lazily(*names: str) -> None:
    """Let these modules wait for their first use; those that are loaded stay as they are.

    Raises `ModuleNotFoundError` where there is no such module.
    """
    for name in names:
        if name in sys.modules:
            continue
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"there is no module {name}", name=name)
        module = LazyModule(name)
        module.__spec__ = spec
        sys.modules[name] = module
