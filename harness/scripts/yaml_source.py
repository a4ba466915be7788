"""YAML with places. In: a text. Out: its plain value, and the line of each part.

Words are read as YAML 1.2 reads them: `no` is a text, `2024-01-01` and `02134` too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from harness.errors import InputError
from harness.nesting import too_deep

__all__ = ["YamlSource", "read_yaml"]

MOST_NODES = 100_000

Key = str | int


@dataclass(frozen=True, slots=True)
class YamlSource:
    """A document: its *value*, and where its parts stand."""

    value: Any
    lines: dict[tuple[Key, ...], int] = field(hash=False)

    def place(self, path: Sequence[Key]) -> tuple[tuple[Key, ...], int]:
        """As much of *path* as is in the document, and its line; rest is skipped."""
        found: tuple[Key, ...] = ()
        for key in path:
            if (*found, key) in self.lines:
                found = (*found, key)
        return found, self.lines.get(found, 1)


def read_yaml(text: str, name: str) -> YamlSource:
    """Read one document; *name* is that of its file, for errors.

    Raises InputError, which names file and line, for text that is no YAML, keys that
    are no texts or stand twice, and values that contain themselves.

    >>> read_yaml("a: [x, no]", "x.yaml").value
    {'a': ['x', 'no']}
    """
    import yaml

    try:
        if (line := too_deep(text, _loader())) is not None:
            raise InputError(f"{name}:{line}: it is nested too deeply.")
        loader = _loader()(text)
        node = loader.get_single_node()
        lines: dict[tuple[Key, ...], int] = {}
        if node is not None:
            for path, line in _walk(node, name):
                lines[path] = line
                if len(lines) > MOST_NODES:
                    raise InputError(f"{name}: more than {MOST_NODES} values.")
        value = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}{_told(error)}") from None
    return YamlSource(value, lines)


def _told(error: BaseException) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or error
    where = f":{mark.line + 1}" if mark else ""
    if isinstance(error, RecursionError):
        problem = "it is nested too deeply, or contains itself"
    return f"{where}: not YAML: {' '.join(str(problem).split())}."


def _walk(
    node: Any, name: str, path: tuple[Key, ...] = (), line: int | None = None
) -> Iterator[tuple[tuple[Key, ...], int]]:
    yield path, line or node.start_mark.line + 1
    if node.id == "sequence":
        for number, item in enumerate(node.value):
            yield from _walk(item, name, (*path, number))
    elif node.id == "mapping":
        seen: set[str] = set()
        for key, item in node.value:
            at = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                yield from _walk(item, name, path, at)
                continue
            if key.tag != "tag:yaml.org,2002:str":
                raise InputError(
                    f"{name}:{at}: a key is a text; quote it: {key.value!r}."
                )
            if key.value in seen:
                raise InputError(f"{name}:{at}: the key {key.value!r} stands twice.")
            seen.add(key.value)
            yield from _walk(item, name, (*path, key.value), at)


@cache
def _loader() -> Any:
    import yaml

    parent: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rules = {
        "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
        "bool": ("true|True|TRUE|false|False|FALSE", list("tTfF")),
        "int": ("[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
        "float": (
            r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
            list("-+.0123456789"),
        ),
        "merge": ("<<", ["<"]),
    }
    loader: Any = type("ScriptLoader", (parent,), {"yaml_implicit_resolvers": {}})
    for tag, (pattern, starts) in rules.items():
        whole = re.compile(f"(?:{pattern})$")
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", whole, starts)
    return loader
