"""Python signatures and types, as JSON schemas and as what checks arguments.

In: a function or class. Out: a pydantic model of what it takes, and a JSON schema
without the titles that pydantic invents. To load pydantic takes longer than all models
and scripts: who imports this, does it where the first schema is made.
"""

import contextlib
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import typing_extensions
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    PydanticUndefinedAnnotation,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from harness.docstrings import plain_function
from harness.errors import SchemaError, nearest, shown
from harness.tool_arguments import Checked, type_text

__all__ = ["check_by_model", "given_model", "signature_model", "type_schema"]


@functools.cache
def _signature_base() -> type[BaseModel]:
    """Give the class of all models whose fields are the parameters of a function.

    A parameter whose name no field may have (`copy`, `_x`) is the alias of one. Made
    when first needed: one model costs as much as importing half of the package.
    """
    return create_model("Signature", __config__=ConfigDict(protected_namespaces=()))


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
        return create_model(name, __base__=_signature_base(), **fields)
    except _UNUSABLE as error:
        raise _unusable(name, error) from None


def given_model(given: object, name: str) -> type[BaseModel]:
    """Give back the args_schema of tool *name* that is no JSON schema.

    Raises SchemaError for what is no pydantic class.
    """
    if isinstance(given, type) and issubclass(given, BaseModel):
        return given
    raise SchemaError(
        f"args_schema of tool {name!r} is {shown(given)}. "
        "Give a pydantic class or a JSON schema."
    )


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


def check_by_model(
    model: type[BaseModel], schema: Mapping[str, Any], args: Mapping[str, Any]
) -> Checked:
    """Check and coerce *args* by a pydantic class, whose JSON schema is *schema*.

    Gives the value of each field, and the problems. What the class does not know is
    a problem too, unless the class says what to do with it.

    >>> class Area(BaseModel):
    ...     width: int
    >>> check_by_model(Area, Area.model_json_schema(), {"width": "3"})
    ({'width': 3}, [])
    """
    known = {name for item in model.model_fields.items() for name in _names(*item)}
    strict = "extra" not in model.model_config
    wrong = _unknown(args, known, schema) if strict else []
    try:
        checked = model.model_validate(dict(args))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            missing = one["type"] == "missing"
            reason = None if missing else f"{shown(one['input'])}: {one['msg']}"
            wrong.append(_problem(one["loc"], reason, schema))
        return {}, wrong
    values = {
        _keyword(model, name): getattr(checked, name) for name in model.model_fields
    }
    return {**values, **(checked.model_extra or {})}, wrong


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


def _names(name: str, info: FieldInfo) -> Iterable[str]:
    """Every key under which the field called *name* may be given."""
    yield name
    yield from filter(None, [info.alias])
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    for choice in choices:
        head = choice.path[0] if isinstance(choice, AliasPath) else choice
        if isinstance(head, str):
            yield head


def _keyword(model: type[BaseModel], name: str) -> str:
    alias = model.model_fields[name].alias
    return alias if alias and issubclass(model, _signature_base()) else name


def _unknown(
    args: Mapping[str, Any], known: Iterable[str], schema: Mapping[str, Any]
) -> list[str]:
    known = {*known}
    listed = schema.get("properties", {})
    return [
        f"{key} is not a parameter. {nearest(str(key), listed)}"
        for key in args
        if key not in known
    ]


def _problem(
    path: Sequence[str | int], reason: str | None, schema: Mapping[str, Any]
) -> str:
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)[1:]
    told = "is missing" if reason is None else f"is {reason}"
    properties = schema.get("properties", {})
    one = properties.get(path[0]) if len(path) == 1 else None
    expected = f" (expected {type_text(one)})" if one is not None else ""
    return f"{where or 'the whole of the arguments'} {told}{expected}"
