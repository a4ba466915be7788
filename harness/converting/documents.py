"""Files of any program as plain values, harmlessly.

In: text, JSON or YAML. Out: dicts, lists, texts and bytes. In YAML every scalar is the
text that stands there, whatever its program would have made of it, and a tag of a
program's own (an object of Python or Ruby) is only the plain value behind it.
"""

from functools import cache
from typing import Any, NamedTuple

from harness.cassettes.parsing import (
    RESTORE,
    damaged_yaml,
    loader_class,
    parse_json,
    refuse_deep,
    refuse_large,
)
from harness.errors import CassetteError

__all__ = ["Document", "document", "documents"]

_NULL = "tag:yaml.org,2002:null"


class Document(NamedTuple):
    """What a document says, where it begins, and where the items of its lists do.

    Lines count from 1; of JSON none is known.
    """

    value: Any
    line: int = 0
    items: dict[str, list[int]] = {}  # noqa: RUF012 - of a tuple, nothing changes it


def document(text: str, name: str) -> Document:
    """The one document that *text* is. Raises CassetteError."""
    found = documents(text, name)
    if len(found) != 1:
        raise CassetteError(
            f"{name} has {len(found)} documents, where one is expected. {RESTORE}"
        )
    return found[0]


def documents(text: str, name: str) -> list[Document]:
    """Each document in *text*. Raises CassetteError."""
    if text.lstrip().startswith(("{", "[")):
        return [Document(parse_json(text, name))]
    import yaml

    refuse_deep(text, name)
    loader = _loader()(text)
    found = []
    try:
        while loader.check_node():
            node = loader.get_node()
            refuse_large(node, name)
            lines = node.start_mark.line + 1, _item_lines(node)
            found.append(Document(loader.construct_document(node), *lines))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise damaged_yaml(error, text, name) from None
    finally:
        loader.dispose()
    return found


def _item_lines(node: Any) -> dict[str, list[int]]:
    """The line of each item of the lists in *node*, a mapping, by their keys."""
    return {
        key.value: [item.start_mark.line + 1 for item in value.value]
        for key, value in (node.value if node.id == "mapping" else ())
        if value.id == "sequence" and isinstance(key.value, str)
    }


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
