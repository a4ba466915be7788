"""A bridge whose library is not installed says how to get it."""

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("bridge", "library", "extra"),
    [
        ("langchain", "langchain_core", "langchain"),
        ("pydantic_ai", "pydantic_ai", "pydantic-ai"),
    ],
)
def test_the_extra_is_named(
    bridge: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that brings it."""
    name = f"harness.bridges.{bridge}"
    for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ImportError, match=rf"pip install 'chat-harness\[{extra}\]'"):
        importlib.import_module(name)
