"""Files of any program as plain values, harmlessly.

In: text, JSON or YAML. Out: dicts, lists, texts and bytes. In YAML every scalar is the
text that stands there, whatever its program would have made of it, and a tag of a
program's own (an object of Python or Ruby) is only the plain value behind it.
"""

from functools import cache
from typing import Any

from harness.cassettes.parsing import (
    RESTORE,
    damaged_yaml,
    loader_class,
    parse_json,
)
from harness.errors import CassetteError

__all__ = ["document", "documents", "text_of_any"]

_NULL = "tag:yaml.org,2002:null"


def text_of_any(data: bytes) -> str:
    """*data* as text to tell its format by, be it UTF-8 or not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def document(text: str, name: str) -> Any:
    """The value of the one document that *text* is. Raises CassetteError."""
    found = documents(text, name)
    if len(found) != 1:
        raise CassetteError(
            f"{name} has {len(found)} documents, where one is expected. {RESTORE}"
        )
    return found[0][0]


def documents(text: str, name: str) -> list[tuple[Any, int]]:
    """The value of each document in *text*, and the line where it begins."""
    if text.lstrip().startswith(("{", "[")):
        return [(parse_json(text, name), 1)]
    import yaml

    loader = _loader()(text)
    found = []
    try:
        while loader.check_node():
            node = loader.get_node()
            line = node.start_mark.line + 1
            found.append((loader.construct_document(node), line))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise damaged_yaml(error, text, name) from None
    finally:
        loader.dispose()
    return found


@cache
def _loader() -> Any:
    """The loader of cassettes, which takes scalars as they stand and any tag."""
    base = loader_class()
    loader: Any = type("_DocumentLoader", (base,), {})
    loader.yaml_implicit_resolvers = {
        start: [known for known in found if known[0] == _NULL]
        for start, found in base.yaml_implicit_resolvers.items()
    }
    loader.add_constructor("!binary", loader.construct_yaml_binary)
    loader.add_constructor(None, _plain)
    return loader


def _plain(loader: Any, node: Any) -> Any:
    """What an object was made of: the one argument that it had, or all of them."""
    match node.id:
        case "scalar":
            return loader.construct_scalar(node)
        case "sequence":
            said = loader.construct_sequence(node, deep=True)
        case _:
            said = loader.construct_mapping(node, deep=True)
            said = said.get("args", said)
    match said:
        case [only]:
            return only
        case _:
            return said
