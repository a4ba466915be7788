"""What counts as a secret: the names and shapes of the default, and one's own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.cassettes.key_shapes import KEY_SHAPES, KeyShape, shape_kind
from harness.cassettes.secret_names import (
    SECRET,
    field_kind,
    header_kind,
    named,
    query_kind,
)

__all__ = ["OWN", "Function", "Rules"]

#: Gives the secrets that stand in a text.
Function = Callable[[str], Iterable[str]]

#: The kind of what one's own rules say is secret.
OWN = "own"


@dataclass(frozen=True, slots=True)
class Rules:
    """Names (`*` stands for anything) and *shapes*, beside the *defaults* or alone."""

    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    own_shapes: tuple[KeyShape, ...] = ()
    functions: tuple[Function, ...] = ()
    defaults: bool = True

    @property
    def shapes(self) -> tuple[KeyShape, ...]:
        """What secrets look like, one's own shapes first."""
        return self.own_shapes + KEY_SHAPES if self.defaults else self.own_shapes

    @property
    def hides(self) -> bool:
        """Whether these rules hide anything."""
        own = (self.headers, self.query, self.fields, self.own_shapes, self.functions)
        return self.defaults or any(own)

    @property
    def walks(self) -> bool:
        """Whether each string must be looked at, as no fast test tells."""
        return bool(self.fields or self.functions)

    def header_kind(self, name: str) -> str | None:
        """What the value of a header is, if it is to be hidden."""
        return self._kind(name, self.headers, header_kind)

    def query_kind(self, name: str) -> str | None:
        """The same for a parameter of a URL."""
        return self._kind(name, self.query, query_kind)

    def field_kind(self, name: str) -> str | None:
        """The same for a field of JSON, a form or a multipart body."""
        return self._kind(name, self.fields, field_kind)

    def _kind(
        self, name: str, own: tuple[str, ...], default: Callable[[str], str | None]
    ) -> str | None:
        if own and named(name, own):
            return OWN
        if not self.defaults or (self.keep and named(name, self.keep)):
            return None
        return default(name)

    def kind_of(self, value: str, kind: str) -> str:
        """The kind to show for *value*: what its shape says, or *kind*."""
        shaped = shape_kind(value, self.shapes) if self.shapes else SECRET
        if shaped != SECRET:
            return shaped
        return kind if kind in KINDS else SECRET


#: What a value without a shape may be called; all else is a "secret".
KINDS = frozenset({"account", "cookie", "request-id"})
