"""What a model is told of a tool, and of its freedom to call it.

In: anything that `bind_tools` takes. Out: one `ToolSpec` each, and a `ToolChoice`.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from inspect import cleandoc
from typing import Any, Literal

from harness.docstrings import plain_function, split_docstring
from harness.errors import InputError, SchemaError, nearest, shown
from harness.values import plain

__all__ = [
    "ToolChoice",
    "ToolSpec",
    "tool_choice",
    "tool_name",
    "tool_spec",
    "tool_specs",
]

Mode = Literal["auto", "none", "any", "tool"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it: *name*, *description*, a schema of its *parameters*.

    *strict* says whether the provider shall hold the model to the schema. A tool that
    runs at the provider (a web search) is kept raw in *provider*, and has no
    parameters. *extras* is what else was said of it, such as Anthropic's
    ``cache_control``; it makes no other tool of it.

    >>> ToolSpec("search", "Search the web.", {"type": "object"}).name
    'search'
    """

    name: str
    description: str = field(default="", hash=False)
    parameters: dict[str, Any] = field(default_factory=dict, hash=False)
    _: KW_ONLY
    strict: bool | None = field(default=None, hash=False)
    provider: dict[str, Any] | None = field(default=None, hash=False)
    extras: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether a model may, must not or must call a tool: "auto", "none", "any".

    In *mode* "tool" it must call the one called *name*. *provider* is the dict that was
    given, where one was.

    >>> ToolChoice("tool", "search").name
    'search'
    """

    mode: Mode
    name: str | None = None
    provider: dict[str, Any] | None = field(default=None, hash=False)


_FORMS = (
    "A tool is a @tool object, a function, a pydantic class, a TypedDict, a dataclass, "
    "a JSON schema with a 'title', an OpenAI dict {'name', 'parameters'} or "
    "{'type': 'function', ...}, an Anthropic dict {'name', 'input_schema'}, a Bedrock "
    "dict {'toolSpec': ...}, a Gemini dict {'function_declarations': [...]}, or a "
    "provider-side tool such as {'type': 'web_search'}."
)
_NAME = re.compile(r"[a-zA-Z0-9_.:-]{1,128}")
_GEMINI_TOOLS = frozenset(
    {
        "code_execution",
        "file_search",
        "google_maps",
        "google_search",
        "google_search_retrieval",
        "url_context",
    }
)


def tool_specs(obj: object) -> tuple[ToolSpec, ...]:
    """Read one tool, or the several that one dict of Gemini declares.

    >>> [spec.name for spec in tool_specs({"function_declarations": [{"name": "add"}]})]
    ['add']
    """
    if isinstance(obj, Mapping) and len(obj) == 1:
        ((key, declared),) = obj.items()
        if key in _DECLARATIONS and isinstance(declared, list | tuple):
            return tuple(tool_spec(_from_gemini(one)) for one in declared)
    return (tool_spec(obj),)


def tool_spec(obj: object) -> ToolSpec:
    """Read a tool in any of the forms that `bind_tools` takes.

    Functions are described by their signature and Google-style docstring, classes by
    their fields. What a tool dict says beyond the call itself (such as Anthropic's
    `cache_control`) is in the extras. Raises SchemaError for anything else.

    >>> def add(a: int, b: int = 1) -> int: ...
    >>> tool_spec(add).parameters["properties"]
    {'a': {'type': 'integer'}, 'b': {'default': 1, 'type': 'integer'}}
    """
    if isinstance(obj, ToolSpec):
        return obj
    if isinstance(obj, Mapping):
        return _read_dict(obj)
    if isinstance(obj, type):
        return _read_class(obj)
    spec = getattr(obj, "spec", None)
    if isinstance(spec, ToolSpec):
        return spec
    if callable(obj):
        return _read_function(obj)
    is_model = hasattr(obj, "model_fields_set")
    hint = f" It is an instance: give the class {type(obj).__name__}." * is_model
    raise SchemaError(f"{shown(obj)} is not a tool.{hint} {_FORMS}")


def tool_name(name: object) -> str:
    """Check the *name* of a tool; raise SchemaError where no provider would take it.

    >>> tool_name("get_weather")
    'get_weather'
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    hint = (
        "Define the function with def, or give @tool a name."
        if name in ("<lambda>", None)
        else "Use 1 to 128 of: letters a-z A-Z, digits, _ - . :"
    )
    raise SchemaError(f"{shown(name)} cannot be the name of a tool. {hint}")


def _read_dict(given: Mapping[Any, Any]) -> ToolSpec:
    try:
        raw = plain(given, "the tool")
    except InputError as error:
        raise SchemaError(f"{error} Given: {shown(given)}. {_FORMS}") from None
    return _read_function_dict(raw, given) or _read_other_dict(raw, given)


def _read_function_dict(raw: dict[str, Any], given: object) -> ToolSpec | None:
    """The tool of a dict that declares a function, whoever's dict it is."""
    match raw:
        case {"type": "function", "function": dict() as declared}:
            return _declared({**raw, **declared}, declared.get("parameters"), given)
        case {"toolSpec": {"name": _, **rest}} if len(raw) == 1:
            schema = rest.get("inputSchema")
            schema = schema.get("json") if isinstance(schema, dict) else schema
            return _declared(raw["toolSpec"], schema, given)
        case {"name": _, "input_schema": schema}:
            return _declared(raw, schema, given)
        case {"type": "function", "name": _} | {"name": _, "parameters": _}:
            return _declared(raw, raw.get("parameters"), given)
        case {"name": _} if raw.keys() <= {"name", "description", "strict"}:
            return _declared(raw, None, given)
        case _:
            return None


def _read_other_dict(raw: dict[str, Any], given: object) -> ToolSpec:
    """The tool of a dict that is a schema, or a provider's own."""
    match raw:
        case {"type": "custom", "custom": {"name": name}} | {
            "type": "custom",
            "name": name,
        }:
            # OpenAI's tools that take free text, whatever their grammar.
            return ToolSpec(tool_name(name), provider=raw)
        case {"type": str(kind)} if kind and not raw.keys() & _SCHEMA_KEYS:
            if kind not in {"function", "object", "custom"}:
                name = raw["name"] if isinstance(raw.get("name"), str) else kind
                return ToolSpec(tool_name(name), provider=raw)
        case {"title": str(title)}:
            described = {"name": title, "description": raw.get("description")}
            schema = {k: v for k, v in raw.items() if k not in ("title", "description")}
            return _declared(described, schema, given)
        case _ if len(raw) == 1 and (name := next(iter(raw))) in _GEMINI_TOOLS:
            return ToolSpec(name, provider=raw)
        case _:
            pass
    hint = (
        " As a JSON schema it lacks a 'title', which names the tool."
        if raw.get("type") == "object" or "properties" in raw
        else ""
    )
    raise SchemaError(f"{shown(given)} is not a tool.{hint} {_FORMS}")


_DECLARATIONS = frozenset({"function_declarations", "functionDeclarations"})


def _from_gemini(declared: object) -> object:
    """A declaration with its schema, whose types Gemini spells in capitals, as JSON's.

    What is wrong with it is said by `tool_spec`.
    """
    if not isinstance(declared, Mapping):
        return declared
    said = dict(declared)
    for key in ("parameters_json_schema", "parametersJsonSchema"):
        if key in said:
            said["parameters"] = said.pop(key)
    said["parameters"] = _lower_types(said.get("parameters") or {})
    return said


def _lower_types(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return [_lower_types(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    read = {key: _lower_types(value) for key, value in schema.items()}
    kind = read.get("type")
    return {**read, "type": kind.lower()} if isinstance(kind, str) else read


_SAID = frozenset(
    "name description strict parameters input_schema inputSchema type function".split()
)
_SCHEMA_KEYS = frozenset({"title", "properties", "parameters", "$defs", "anyOf"})


def _declared(about: dict[str, Any], schema: object, given: object) -> ToolSpec:
    name = tool_name(about.get("name"))
    description, strict = about.get("description"), about.get("strict")
    if not isinstance(description, str | None):
        raise SchemaError(
            f"the description of tool {name!r} is {shown(description)}, not a str."
        )
    if not isinstance(strict, bool | None):
        raise SchemaError(f"'strict' of tool {name!r} is {shown(strict)}, not a bool.")
    parameters = _object_schema({} if schema is None else schema, name, given)
    extras = {key: value for key, value in about.items() if key not in _SAID}
    return ToolSpec(name, description or "", parameters, strict=strict, extras=extras)


def _object_schema(schema: object, name: str, given: object) -> dict[str, Any]:
    """Check that *schema* describes an object, as the arguments of a call are one."""
    match schema:
        case {"type": str(kind)} if kind.lower() != "object":
            problem = f"has type {kind!r}; arguments are always an 'object'"
        case {"properties": properties} if not isinstance(properties, dict):
            problem = f"has 'properties' {shown(properties)}, which is not a dict"
        case {"required": required} if not isinstance(required, list):
            problem = f"has 'required' {shown(required)}, which is not a list of names"
        case dict():
            return {"type": "object", "properties": {}} | schema
        case _:
            problem = f"is {shown(schema)}, not a dict"
    raise SchemaError(
        f"the JSON schema of tool {name!r} {problem}. Given: {shown(given)}"
    )


# pydantic takes longer to load than all models and scripts: it waits for a class or a
# function that is to be a tool.
def _read_class(cls: type) -> ToolSpec:
    from pydantic import BaseModel
    from typing_extensions import is_typeddict

    from harness.tool_schemas import signature_model, type_schema

    if issubclass(cls, BaseModel):
        schema = type_schema(cls, cls.__name__)
        name = cls.model_config.get("title") or cls.__name__
    elif is_typeddict(cls):
        name, schema = cls.__name__, type_schema(cls, cls.__name__)
    elif dataclasses.is_dataclass(cls):
        name, schema = cls.__name__, type_schema(signature_model(cls), cls.__name__)
        # Without a docstring of its own, a dataclass shows its signature as one.
        if not (cls.__doc__ or "").startswith(f"{name}("):
            schema["description"] = cleandoc(cls.__doc__ or "")
    else:
        raise SchemaError(f"{shown(cls)} is not a tool. {_FORMS}")
    described = {"name": name, "description": schema.pop("description", None)}
    return _declared(described, schema, cls)


def _read_function(function: Callable[..., object]) -> ToolSpec:
    from harness.tool_schemas import signature_model, type_schema

    plain = plain_function(function)
    name = tool_name(getattr(plain, "__name__", None))
    description, arguments = split_docstring(plain.__doc__)
    schema = type_schema(signature_model(function, described=arguments), name)
    return _declared({"name": name, "description": description}, schema, function)


_KEYWORDS: dict[str, Mode] = {
    "auto": "auto",
    "none": "none",
    "any": "any",
    "required": "any",
}


def tool_choice(value: object, tools: Sequence[ToolSpec]) -> ToolChoice | None:
    """Read a `tool_choice`, and check it against the *tools* that are bound.

    None and False choose nothing (None is returned), "any", "required" and True any
    tool, "auto" and "none" are themselves; every other str is the name of a bound
    tool. (A tool that is itself called "any" is chosen by a provider's dict.) The
    dicts of OpenAI, Anthropic and Gemini are read and kept. Raises InputError for a
    name that is not bound, and for anything else.

    >>> tool_choice("search", [ToolSpec("search")])
    ToolChoice(mode='tool', name='search', provider=None)
    """
    match value:
        case None | False:
            return None
        case True:
            choice = ToolChoice("any")
        case ToolChoice():
            choice = value
        case str():
            mode = _KEYWORDS.get(value)
            choice = ToolChoice(mode) if mode else ToolChoice("tool", value)
        case Mapping():
            choice = _read_choice(value, tools)
        case _:
            raise _not_a_choice(value)
    if choice.mode == "tool" and choice.name not in {spec.name for spec in tools}:
        known = nearest(str(choice.name), [spec.name for spec in tools])
        raise InputError(f"tool_choice {choice.name!r} is not bound. {known}")
    if choice.mode == "any" and not tools:
        raise InputError(
            f"tool_choice {shown(value)} asks for a call, but no tool is bound. "
            "Bind tools, or choose 'auto' or 'none'."
        )
    return choice


def _read_choice(given: Mapping[Any, Any], tools: Sequence[ToolSpec]) -> ToolChoice:
    raw = plain(given, "tool_choice")
    match raw:
        case {"type": "function" | "tool" | "custom", "name": str(name)}:
            return ToolChoice("tool", name, raw)
        case {"type": "function", "function": {"name": str(name)}} | {
            "type": "custom",
            "custom": {"name": str(name)},
        }:
            return ToolChoice("tool", name, raw)
        case {"type": "auto" | "none" | "any" | "required" as keyword}:
            return ToolChoice(_KEYWORDS[keyword], provider=raw)
        case (
            {"type": "allowed_tools", "mode": str(keyword)}
            | {"type": "allowed_tools", "allowed_tools": {"mode": str(keyword)}}
            | {"function_calling_config": {"mode": str(keyword)}}
            | {"functionCallingConfig": {"mode": str(keyword)}}
        ):
            return ToolChoice(_KEYWORDS.get(keyword.lower(), "auto"), provider=raw)
        case {"function_calling_config": dict()} | {"functionCallingConfig": dict()}:
            return ToolChoice("auto", provider=raw)
        case {"type": str(kind)}:
            for spec in tools:
                if spec.provider and spec.provider.get("type") == kind:
                    return ToolChoice("tool", spec.name, raw)
        case _:
            pass
    raise _not_a_choice(given)


def _not_a_choice(value: object) -> InputError:
    return InputError(
        f"tool_choice {shown(value)} is not understood. Give 'auto', 'none', 'any', "
        "the name of a bound tool, True, None, or a provider's dict such as "
        "{'type': 'tool', 'name': 'get_weather'}."
    )
