"""The value of a YAML document, built while it is parsed.

In: a loader of PyYAML. Out: what it would construct, without the tree of nodes that it
makes of all the text first, and which costs most of the time. Only what is plain is
known here: whatever is not, the loader has to decide on a second reading.
"""

from types import GeneratorType
from typing import Any

__all__ = ["Unusual", "document"]

_STRING = "tag:yaml.org,2002:str"


class Unusual(Exception):
    """Something in the text is for the loader to decide."""


def document(loader: Any) -> tuple[Any, list[int]]:
    """The one document of *loader*, and the line of each interaction in it.

    Raises Unusual for what is not plain, and what *loader* raises.
    """
    reader = _Reader(loader)
    reader.expect("StreamStartEvent", "DocumentStartEvent", "MappingStartEvent")
    found = reader.mapping(top=True)
    reader.expect("DocumentEndEvent", "StreamEndEvent")
    return found, reader.lines


class _Reader:
    """Makes values of events; it keeps those that have an anchor."""

    def __init__(self, loader: Any) -> None:
        import yaml

        self.lines: list[int] = []
        self._yaml = yaml
        self._loader = loader
        self._next = loader.get_event
        self._anchored: dict[str, Any] = {}
        self._within = 0  # anchors that are not closed yet
        #: What texts begin with that may mean something else.
        self._starts = frozenset(loader.yaml_implicit_resolvers)
        if None in self._starts:
            raise Unusual

    def expect(self, *kinds: str) -> None:
        """Read an event of each of *kinds*, and nothing special about it."""
        for kind in kinds:
            event = self._next()
            special = getattr(event, "tag", None) or getattr(event, "anchor", None)
            if special is not None or type(event).__name__ != kind:
                raise Unusual

    def mapping(self, *, top: bool = False) -> dict[str, Any]:
        """What begins with the last event; at the *top* it has the interactions."""
        found: dict[str, Any] = {}
        end = self._yaml.MappingEndEvent
        while type(event := self._next()) is not end:
            if type(event) is not self._yaml.ScalarEvent or event.anchor is not None:
                raise Unusual
            key = self._scalar(event)
            if type(key) is not str:
                raise Unusual
            if top and key == "interactions":
                if key in found:
                    raise Unusual
                self.expect("SequenceStartEvent")
                found[key] = self._sequence(self.lines)
            else:
                found[key] = self.value(self._next())
        return found

    def value(self, event: Any) -> Any:
        """What begins with *event*."""
        kind = type(event)
        if kind is self._yaml.AliasEvent:
            if event.anchor not in self._anchored:
                raise Unusual
            said = self._anchored[event.anchor]
            if self._within and isinstance(said, dict | list):
                raise Unusual  # of such, a few lines can say more than memory holds
            return said
        if kind is self._yaml.ScalarEvent:
            found = self._scalar(event)
        elif event.tag is not None:
            raise Unusual
        else:
            self._within += event.anchor is not None
            is_list = kind is self._yaml.SequenceStartEvent
            found = self._sequence() if is_list else self.mapping()
            self._within -= event.anchor is not None
        if event.anchor is not None:
            if event.anchor in self._anchored:
                raise Unusual
            self._anchored[event.anchor] = found
        return found

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if tag is None:
            if not event.implicit[0] or text[:1] not in self._starts:
                return text
            tag = self._loader.resolve(self._yaml.ScalarNode, text, event.implicit)
        if tag == _STRING:
            return text
        construct = self._loader.yaml_constructors.get(tag)
        if construct is None:
            raise Unusual
        marks = event.start_mark, event.end_mark
        found = construct(self._loader, self._yaml.ScalarNode(tag, text, *marks))
        if isinstance(found, GeneratorType):
            raise Unusual  # a list or a mapping, says the tag, and no scalar
        return found

    def _sequence(self, lines: list[int] | None = None) -> list[Any]:
        found: list[Any] = []
        end = self._yaml.SequenceEndEvent
        while type(event := self._next()) is not end:
            if lines is not None:
                lines.append(event.start_mark.line + 1)
            found.append(self.value(event))
        return found
