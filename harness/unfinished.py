"""A tool call that is still arriving: a dict whose ``args`` are read when asked for.

A program that folds a stream and looks at ``tool_calls`` after each chunk mostly looks
at one or two of them. Parsing and copying all arguments each time is what makes other
libraries quadratic; here that work is done by whoever reads the arguments.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["UnfinishedCall"]

Read = Callable[[], dict[str, Any]]


class _Serializer:
    """Made when pydantic first asks for it, which takes long to load."""

    def __get__(self, _: object, owner: Any) -> Any:
        from pydantic_core import SchemaSerializer, core_schema

        written = core_schema.plain_serializer_function_ser_schema(
            lambda arguments: arguments.value
        )
        made = SchemaSerializer(core_schema.any_schema(serialization=written))
        owner.__pydantic_serializer__ = made
        return made


class _Arguments(Mapping[str, Any]):
    """Arguments not read yet, for C code that looks past the dict's own methods."""

    #: How pydantic writes it, which takes values straight out of the table.
    __pydantic_serializer__ = _Serializer()

    __slots__ = ("_read", "_value")

    def __init__(self, read: Read) -> None:
        self._read = read
        self._value: dict[str, Any] | None = None

    @property
    def value(self) -> dict[str, Any]:
        if self._value is None:
            self._value = self._read()
        return self._value

    def __getitem__(self, key: str) -> Any:
        return self.value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)


class UnfinishedCall(dict[str, Any]):
    """A ``ToolCall`` whose ``args`` are what *read* returns, read once when needed.

    >>> call = UnfinishedCall("f", "c1", lambda: {"a": 1})
    >>> call == {"name": "f", "args": {"a": 1}, "id": "c1", "type": "tool_call"}
    True
    """

    __slots__ = ()

    def __init__(self, name: str, call_id: str | None, read: Read) -> None:
        args = _Arguments(read)
        dict.__init__(self, name=name, args=args, id=call_id, type="tool_call")

    def settled(self) -> dict[str, Any]:
        """This dict, with ``args`` read."""
        args = dict.get(self, "args")
        if isinstance(args, _Arguments):
            dict.__setitem__(self, "args", args.value)
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _settle_first(name: str) -> Callable[..., Any]:
    plain = getattr(dict, name)

    def method(self: UnfinishedCall, *args: Any, **kwargs: Any) -> Any:
        return plain(self.settled(), *args, **kwargs)

    method.__name__ = name
    return method


# `__iter__` is among them because dict(), ** and | take the values straight out of
# the table unless a subclass has an `__iter__` of its own.
for _name in (
    "__eq__ __getitem__ __ior__ __iter__ __ne__ __or__ __repr__ __reversed__ __ror__ "
    "copy get items pop popitem setdefault values"
).split():
    setattr(UnfinishedCall, _name, _settle_first(_name))
