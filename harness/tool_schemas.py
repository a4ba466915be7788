"""Python signatures and types as JSON schemas.

In: a function or class. Out: a pydantic model of what it takes, and a JSON schema
without the titles that pydantic invents.
"""

import contextlib
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import typing_extensions
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticUndefinedAnnotation,
    PydanticUserError,
    TypeAdapter,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from harness.errors import SchemaError

__all__ = ["plain_function", "signature_base", "signature_model", "type_schema"]


@functools.cache
def signature_base() -> type[BaseModel]:
    """Give the class of all models whose fields are the parameters of a function.

    A parameter whose name no field may have (`copy`, `_x`) is the alias of one. Made
    when first needed: one model costs as much as importing half of the package.
    """
    return create_model("Signature", __config__=ConfigDict(protected_namespaces=()))


def plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Find the function below `functools.partial` and decorators that say `wraps`."""
    while isinstance(function, functools.partial):
        function = function.func
    plain: Callable[..., Any] = inspect.unwrap(function)
    return plain


def signature_model(
    function: Callable[..., Any], *, described: Mapping[str, str] | None = None
) -> type[BaseModel]:
    """Make a model whose fields are the parameters of *function* (or of a class).

    *described* maps parameters to descriptions; `Annotated[int, "how many"]` gives
    one as well. Raises SchemaError for `*args`, `**kwargs` and annotations that
    cannot be resolved or have no JSON schema.

    >>> def add(a: int, b: int = 1) -> int: ...
    >>> signature_model(add)(a="2")
    add(a=2, b=1)
    """
    name = _named(function)
    hints = _hints(function, name)
    fields: dict[str, Any] = {}
    for number, parameter in enumerate(_parameters(function, name)):
        key = parameter.name
        annotation = _in_pydantic_terms(hints.get(key, Any), {})
        if description := (described or {}).get(key):
            annotation = Annotated[annotation, Field(description=description)]
        if key.startswith("_") or hasattr(BaseModel, key):
            annotation = Annotated[annotation, Field(alias=key)]
            key = f"parameter_{number}"
        required = parameter.default is inspect.Parameter.empty
        fields[key] = (annotation, ... if required else parameter.default)
    try:
        return create_model(name, __base__=signature_base(), **fields)
    except _UNUSABLE as error:
        raise _unusable(name, error) from None


def type_schema(source: Any, name: str) -> dict[str, Any]:
    """Write the JSON schema of a pydantic class or TypedDict; *name* is for errors.

    >>> class Point(typing_extensions.TypedDict):
    ...     x: Annotated[int, "across"]
    >>> type_schema(Point, "Point")["properties"]
    {'x': {'description': 'across', 'type': 'integer'}}
    """
    try:
        if isinstance(source, type) and issubclass(source, BaseModel):
            schema = source.model_json_schema(schema_generator=_Quiet)
        else:
            adapter = TypeAdapter(_in_pydantic_terms(source, {}))
            schema = adapter.json_schema(schema_generator=_Quiet)
    except _UNUSABLE as error:
        raise _unusable(name, error) from None
    if "$ref" in schema:
        # A type that contains itself is a reference; providers want an object on top.
        own = schema["$defs"][schema.pop("$ref").removeprefix("#/$defs/")]
        schema = {**own, **schema}
    untitled: dict[str, Any] = _without_titles(schema)
    return untitled


class _Quiet(GenerateJsonSchema):
    """Leaves out defaults that JSON cannot say, without a warning."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Say nothing."""


_UNUSABLE = (PydanticUserError, PydanticUndefinedAnnotation, TypeError, NameError)
_NAMED_SCHEMAS = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)
_SCHEMAS = frozenset(
    {
        "additionalProperties",
        "allOf",
        "anyOf",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "oneOf",
        "prefixItems",
        "propertyNames",
        "then",
    }
)


def _without_titles(schema: Any) -> Any:
    """Drop "title" where it is a keyword: not as a property's name, nor in a value."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMED_SCHEMAS:
            kept[key] = {name: _without_titles(item) for name, item in value.items()}
        elif key != "title":
            kept[key] = _without_titles(value) if key in _SCHEMAS else value
    return kept


def _unusable(name: str, error: Exception) -> SchemaError:
    reason = str(error).partition("\n")[0].rstrip(".")
    return SchemaError(
        f"{name} cannot be described by a JSON schema: {reason}. Annotate its "
        "parameters with JSON-like types, or give @tool an args_schema."
    )


def _named(function: Callable[..., Any]) -> str:
    name: str = getattr(plain_function(function), "__name__", type(function).__name__)
    return name


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError) as error:
        raise SchemaError(
            f"{name} has no signature that Python can read ({error}). Wrap it in a "
            "function of your own."
        ) from None
    for one in parameters:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            stars = "*" if one.kind is one.VAR_POSITIONAL else "**"
            raise SchemaError(
                f"{name} takes {stars}{one.name}, which no schema can describe. Name "
                "each parameter, or give @tool an args_schema."
            )
    return parameters


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    names, enclosed = _namespaces(function)
    hints: dict[str, Any] = {}
    unresolved: list[str] = []
    for parameter in _parameters(function, name):
        annotation = parameter.annotation
        if annotation is inspect.Parameter.empty:
            continue
        # One at a time and without the return type, which nobody needs to resolve.
        holder = types.SimpleNamespace(__annotations__={parameter.name: annotation})
        try:
            hints |= typing.get_type_hints(holder, names, enclosed, include_extras=True)
        except Exception as error:  # noqa: BLE001 - an annotation is any code at all
            unresolved.append(f"{parameter.name}: {annotation!r} ({error})")
    if unresolved:
        raise SchemaError(
            f"{name} has annotations that cannot be resolved: {', '.join(unresolved)}. "
            "Define or import these names at module level, not under TYPE_CHECKING."
        )
    return hints


def _namespaces(function: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the names that annotations of *function* may use: global, enclosed."""
    plain = plain_function(function)
    known = getattr(plain, "__globals__", None)
    if known is None:
        known = vars(sys.modules[plain.__module__])
    cells = getattr(plain, "__closure__", None) or ()
    names = plain.__code__.co_freevars if cells else ()
    enclosed = {}
    for name, cell in zip(names, cells, strict=True):
        with contextlib.suppress(ValueError):  # the name is not bound yet
            enclosed[name] = cell.cell_contents
    return known, enclosed


def _in_pydantic_terms(annotation: Any, seen: dict[Any, Any]) -> Any:
    """Read `Annotated[int, "description"]`, and any TypedDict, anywhere inside."""
    if typing_extensions.is_typeddict(annotation):
        return seen.get(annotation) or _typed_dict_twin(annotation, seen)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        base = _in_pydantic_terms(args[0], seen)
        return Annotated[(base, *map(_described, args[1:]))]
    if not args or origin is Literal or any(isinstance(arg, list) for arg in args):
        return annotation
    parts = tuple(_in_pydantic_terms(arg, seen) for arg in args)
    if parts == args:
        return annotation
    rebuilt: Any = typing.Union if origin is types.UnionType else origin
    return rebuilt[parts]


def _described(metadata: Any) -> Any:
    return Field(description=metadata) if isinstance(metadata, str) else metadata


def _typed_dict_twin(source: Any, seen: dict[Any, Any]) -> Any:
    # Before Python 3.12, pydantic refuses the TypedDict of typing: so make it another.
    make: Any = typing_extensions.TypedDict
    twin = seen[source] = make(source.__name__, {})
    for about in ("__doc__", "__module__", "__qualname__"):
        setattr(twin, about, getattr(source, about))
    required = {*source.__required_keys__}
    hints: dict[str, Any] = {}
    for key, wrapped in typing.get_type_hints(source, include_extras=True).items():
        hint = wrapped
        while (form := get_origin(hint)) in _PRESENCE:
            (required.add if _PRESENCE[form] else required.discard)(key)
            (hint,) = get_args(hint)
        hints[key] = _in_pydantic_terms(hint, seen)
        match getattr(hint, "__metadata__", ()):
            case (None | bool() | int() | float() | str() as default, str()):
                extra = Field(json_schema_extra={"default": default})
                hints[key] = Annotated[hints[key], extra]
                required.discard(key)
            case _:
                pass
    twin.__annotations__ = hints
    twin.__required_keys__ = frozenset(required)
    twin.__optional_keys__ = frozenset(hints.keys() - required)
    return twin


_PRESENCE: dict[Any, bool] = {
    typing_extensions.Required: True,
    typing_extensions.NotRequired: False,
}
