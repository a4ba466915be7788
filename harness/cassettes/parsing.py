"""The text of a cassette as plain values, with the line of each interaction."""

import json
from functools import cache
from itertools import chain
from typing import Any

from harness.cassettes.yaml_events import Unusual, document
from harness.errors import CassetteError
from harness.nesting import too_deep

__all__ = [
    "RESTORE",
    "damaged_yaml",
    "loader_class",
    "parse",
    "parse_json",
    "parse_yaml",
    "refuse_deep",
    "refuse_halves",
    "refuse_large",
]

RESTORE = "Restore the file from version control, or record it again."

_LARGEST = 10_000_000
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def parse(text: str, name: str) -> tuple[Any, list[int]]:
    """The value of *text*, and the line of each interaction where that is known."""
    if text.lstrip().startswith(("{", "[")):
        return parse_json(text, name), []
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> tuple[Any, list[int]]:
    """The same, of any YAML."""
    return _plain(text) or _any(text, name)


def _plain(text: str) -> tuple[Any, list[int]] | None:
    """The same, if it is plain: some times as fast as `_any`."""
    import yaml

    try:
        loader = loader_class()(text)
    except ValueError:
        return None
    try:
        return document(loader)
    except (Unusual, yaml.YAMLError, RecursionError, ValueError, TypeError):
        return None  # to read it once more is to tell what is wrong, and where
    finally:
        loader.dispose()


def _any(text: str, name: str) -> tuple[Any, list[int]]:
    import yaml

    refuse_halves(text, name)
    refuse_deep(text, name)
    loader = loader_class()(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, []
        refuse_large(node, name)
        return loader.construct_document(node), _lines(node)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise damaged_yaml(error, text, name) from None
    finally:
        loader.dispose()


def refuse_halves(text: str, name: str) -> None:
    """Raise CassetteError for text that no file can hold, as no loader takes it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise CassetteError(
            f"{name}, line {line} has half of a surrogate pair, {text[error.start]!r}, "
            "which no file can hold. Read the file as UTF-8."
        ) from None


def refuse_deep(text: str, name: str) -> None:
    """Raise CassetteError for YAML that no loader survives."""
    if (deep := too_deep(text, loader_class())) is not None:
        raise CassetteError(f"{name}, line {deep} is nested too deeply. {RESTORE}")


def refuse_large(node: Any, name: str) -> None:
    """Raise CassetteError for a few lines that say more values than memory holds.

    An alias stands for all that its anchor does, and may stand in another anchor.
    """
    if _size(node, {}) > _LARGEST:
        raise CassetteError(
            f"{name} says the same by aliases, over and over: more than {_LARGEST:,} "
            f"values. {RESTORE}"
        )


def _size(node: Any, known: dict[int, int]) -> int:
    """How many values *node* says, its aliases written out."""
    if node is None or node.id == "scalar":
        return 1
    if id(node) not in known:
        known[id(node)] = 1  # what stands in itself is counted once
        pairs = node.id == "mapping"
        inside = chain.from_iterable(node.value) if pairs else node.value
        known[id(node)] = 1 + sum(_size(one, known) for one in inside)
    return known[id(node)]


def damaged_yaml(error: Exception, text: str, name: str) -> CassetteError:
    """What to say when a loader raises *error* for *text*."""
    mark = getattr(error, "problem_mark", None)
    line = f", line {mark.line + 1}" if mark else _line_of(error, text)
    why = getattr(error, "problem", None) or str(error).strip().partition("\n")[0]
    return CassetteError(f"{name}{line} is damaged: {why}. {RESTORE}")


def parse_json(text: str, name: str) -> Any:
    """The value of JSON. Raises CassetteError, which says where it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise CassetteError(
            f"{name}, line {error.lineno} is no JSON: {error.msg}. {RESTORE}"
        ) from None
    except ValueError as error:
        raise CassetteError(f"{name} is no JSON: {error}. {RESTORE}") from None
    except RecursionError:
        raise CassetteError(f"{name} is nested too deeply.") from None


def _lines(node: Any) -> list[int]:
    pairs = node.value if node is not None and node.id == "mapping" else ()
    for key, value in pairs:
        if key.value == "interactions" and value.id == "sequence":
            return [item.start_mark.line + 1 for item in value.value]
    return []


def _line_of(error: Exception, text: str) -> str:
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return ""
    return f", line {text.count(chr(10), 0, position) + 1}"


@cache
def loader_class() -> Any:
    """A safe loader that knows, besides, what old recorders wrote for plain values.

    It takes no text for a date: no body, JSON or not, has any.
    """
    import yaml

    base: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    loader: Any = type("_CassetteLoader", (base,), {})
    loader.yaml_implicit_resolvers = {
        start: [known for known in found if known[0] != _TIMESTAMP]
        for start, found in base.yaml_implicit_resolvers.items()
    }
    prefix = "tag:yaml.org,2002:python/"
    loader.add_constructor(f"{prefix}str", _text)
    loader.add_constructor(f"{prefix}unicode", _text)
    loader.add_constructor(f"{prefix}tuple", _list)
    loader.add_constructor(f"{prefix}object/new:_io.BytesIO", _state)
    loader.add_constructor(f"{prefix}object/apply:builtins.iter", _pieces)
    for way in ("new", "apply"):
        for module in ("multidict._multidict", "multidict"):
            loader.add_constructor(f"{prefix}object/{way}:{module}.istr", _first)
    return loader


def _text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


def _list(loader: Any, node: Any) -> Any:
    return loader.construct_sequence(node, deep=True)


def _first(loader: Any, node: Any) -> Any:
    """The text that a class derived from str was made of."""
    if node.id == "mapping":
        args = loader.construct_mapping(node, deep=True).get("args", [])
    else:
        args = loader.construct_sequence(node, deep=True)
    return str(args[0]) if args else ""


def _state(loader: Any, node: Any) -> Any:
    """The bytes that a file in memory held."""
    state = loader.construct_mapping(node, deep=True).get("state") or [b""]
    return state[0]


def _pieces(loader: Any, node: Any) -> Any:
    """The bytes that an iterator gave, joined."""
    args = loader.construct_mapping(node, deep=True).get("args") or [[]]
    pieces = [one.encode() if isinstance(one, str) else one for one in args[0]]
    return b"".join(pieces)
