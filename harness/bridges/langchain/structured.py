"""Structured output in LangChain's terms: what is bound, and what reads the answer."""

from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import (
    JsonOutputKeyToolsParser,
    PydanticToolsParser,
)
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import (
    convert_to_json_schema,
    convert_to_openai_tool,
)
from langchain_core.utils.pydantic import is_basemodel_subclass

from harness.errors import InputError, nearest

__all__ = ["structured"]

_METHODS = ("function_calling", "json_schema", "json_mode")


def structured(
    model: BaseChatModel,
    schema: Any,
    method: str,
    *,
    strict: bool | None = None,
    include_raw: bool = False,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, Any]:
    """*model*, which answers with values of *schema*. Raises InputError."""
    if method not in _METHODS:
        raise InputError(f"No method is {method!r}. {nearest(str(method), _METHODS)}")
    bound = _bound(model, schema, method, strict, kwargs)
    parser = _parser(schema, method)
    if not include_raw:
        return bound | parser
    parsed = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    either = parsed.with_fallbacks([failed], exception_key="parsing_error")
    return RunnableMap(raw=bound) | either


def _bound(
    model: BaseChatModel,
    schema: Any,
    method: str,
    strict: bool | None,  # noqa: FBT001 - a field of theirs
    kwargs: dict[str, Any],
) -> Runnable[LanguageModelInput, Any]:
    tool = convert_to_openai_tool(schema, strict=strict)
    name = tool["function"]["name"]
    told = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
    match method:
        case "function_calling":
            return model.bind_tools(
                [schema],
                tool_choice=name,
                strict=strict,
                parallel_tool_calls=False,
                ls_structured_output_format=told,
                **kwargs,
            )
        case "json_schema":
            asked = {"name": name, "schema": convert_to_json_schema(schema)}
            if strict is not None:
                asked["strict"] = strict
            form = {"type": "json_schema", "json_schema": asked}
        case _:
            form = {"type": "json_object"}
    return model.bind(response_format=form, ls_structured_output_format=told, **kwargs)


def _parser(schema: Any, method: str) -> Runnable[Any, Any]:
    typed = isinstance(schema, type) and is_basemodel_subclass(schema)
    if method != "function_calling":
        return (
            PydanticOutputParser(pydantic_object=schema)
            if typed
            else JsonOutputParser()
        )
    if typed:
        return PydanticToolsParser(tools=[schema], first_tool_only=True)
    name = convert_to_openai_tool(schema)["function"]["name"]
    return JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
