"""What a test says of its cassette: its marker, and its own name."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from harness.cassettes.naming import cut, portable
from harness.errors import nearest, shown
from harness.pytest_plugin.settings import MARKER

__all__ = ["CHAT", "TAPE", "called_after", "cassette_name", "marked"]

_LONGEST_NAME = 150  # bytes: a journal beside the cassette adds some

_BOTH: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "match_on": (list, tuple),
    "allow_unused": (bool,),
}
#: What the marker takes for `replay_chat` and `cassette`, by type.
CHAT = _BOTH | {"dialect": (str,), "allow_playback_repeats": (bool,)}
#: What it takes for HTTP traffic; without types it is checked where it is used.
TAPE = _BOTH | {
    "mode": (str,),
    "ignore": (list, tuple),
    "on_repeat": (str,),
    "redaction": (),
    "max_age": (),
    "expired": (str,),
    "seals": (str,),
    "timing": (),
    "retry_after": (str,),
}


def marked(item: pytest.Item, taken: Iterable[str]) -> dict[str, Any]:
    """What ``@pytest.mark.cassette(...)`` says of a test, without what is None.

    The nearer of several markers wins, word by word. Fails the test for words that
    there are not, and, if none of its fixtures wants the rest, that are not *taken*.
    """
    said: dict[str, Any] = {}
    for mark in item.iter_markers("cassette"):
        given = [*(("name", value) for value in mark.args), *mark.kwargs.items()]
        if wrong := _wrong(given):
            _refuse(item, wrong)
        said = {key: value for key, value in given if value is not None} | said
    known = {*taken}
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    if "recorded" not in fixtures and (others := [one for one in said if one in _HTTP]):
        _refuse(
            item,
            f"{', '.join(others)} is for HTTP traffic, not for what replay_chat and "
            "cassette give. Ask for the fixture recorded.",
        )
    return {key: value for key, value in said.items() if key in known}


_HTTP = frozenset({*TAPE} - {*CHAT})


def _refuse(item: pytest.Item, wrong: str) -> None:
    pytest.fail(
        f"@pytest.mark.cassette of {item.name}: {wrong}\nIt is {MARKER}", pytrace=False
    )


def _wrong(given: Sequence[tuple[str, object]]) -> str | None:
    """What is wrong with the arguments *given* to a marker."""
    names = [shown(value) for key, value in given if key == "name"]
    if len(names) > 1:
        return f"it takes one name, not {', '.join(names)}."
    known = CHAT | TAPE
    for key, value in given:
        if key not in known:
            return f"it has no {key!r}. {nearest(key, known)}"
        kinds = known[key]
        if kinds and value is not None and type(value) not in kinds:
            wanted = " or ".join(kind.__name__ for kind in kinds)
            return f"{key}={shown(value)}; give a {wanted}."
    return None


def called_after(item: pytest.Item) -> str:
    """A name for the cassette of a test, that no other test's cassette has.

    The path of the module, the class and the test, parameters in brackets.
    """
    return cassette_name(item.nodeid, twin=_has_twin(item))


def cassette_name(nodeid: str, *, twin: bool = False) -> str:
    """The name of the cassette of the test *nodeid*: a path that every system takes.

    A digest tells apart what file systems do not: case, odd characters, very long
    names. In the names of tests case is kept as it is, unless there is a *twin*.
    """
    path, _, name = nodeid.partition("::")
    folder = "/".join(map(portable, path.removesuffix(".py").split("/")))
    test, bracket, rest = name.partition("[")
    words = [re.sub(r"[^\w\-]", "-", one) for one in test.split("::")]
    params = re.sub(r"[^\w.\-]", "-", rest.removesuffix("]"), flags=re.ASCII)
    end = "]" if bracket else ""
    whole = f"{'.'.join(words)}{bracket}{params}"
    short = portable(cut(whole, _LONGEST_NAME) + end)
    said = f"{folder}.py::{'::'.join(words)}{bracket}{params}{end}"
    if twin or (nodeid, whole + end) != (said, short) or params != params.lower():
        data = nodeid.encode("utf-8", "surrogatepass")
        short += f"-{hashlib.sha256(data).hexdigest()[:8]}"
    return f"{folder}/{short}"


def _has_twin(item: pytest.Item) -> bool:
    """Whether the name of a test or its class differs from another's in case alone.

    What stands in the module decides, not which of its tests are run.
    """
    for above, node in pairwise(item.listchain()):
        name = getattr(node, "originalname", None) or node.name
        inside = getattr(above, "obj", None)
        others = {*dir(inside)} - {name}
        alike = (one for one in others if one.casefold() == name.casefold())
        if any(callable(getattr(inside, one, None)) for one in alike):
            return True  # a constant, such as TEST_DATA beside test_data, is no test
    return False
