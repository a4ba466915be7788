"""Names that load the module they live in when they are first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["loading"]


def loading(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of *package*: *homes* has the names in each of its modules.

    >>> find = loading("harness", {"steps": "Fault Pause"})
    >>> find("Fault")
    <class 'harness.steps.Fault'>
    >>> find("Vault")
    Traceback (most recent call last):
        ...
    AttributeError: module 'harness' has no attribute 'Vault'
    """
    known = {name: home for home, names in homes.items() for name in names.split()}

    def found(name: str) -> object:
        if name not in known:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        value = getattr(import_module(f"{package}.{known[name]}"), name)
        setattr(sys.modules[package], name, value)  # it is asked for once
        return value

    return found
