"""Items of tools that the provider runs, as server tool blocks and back.

A call's item often has its result in it: then it is two blocks, of which the first
says the item. What the blocks have no field for is in the ``extras`` of the first.
"""

from dataclasses import dataclass
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError
from harness.partial_json import JsonError, parse_object
from harness.values import plain
from harness.wire.json_values import read_json, write_text
from harness.wire.openai_responses.items import held, item_fields

__all__ = ["RESULTS", "TOOLS", "ServerTool", "image_block", "read_tool", "write_tool"]


@dataclass(frozen=True, slots=True)
class ServerTool:
    """How the item of one tool is a call: which field says what."""

    name: str
    #: The field that says the arguments.
    args: str | None = None
    #: Whether it is all of them, and not one of that name.
    whole: bool = True
    #: The field that says the result.
    output: str | None = None


TOOLS: dict[str, ServerTool] = {
    "apply_patch_call": ServerTool("apply_patch", "operation"),
    "code_interpreter_call": ServerTool(
        "code_interpreter", "code", whole=False, output="outputs"
    ),
    "computer_call": ServerTool("computer", "action"),
    "file_search_call": ServerTool(
        "file_search", "queries", whole=False, output="results"
    ),
    "image_generation_call": ServerTool("image_generation"),
    "local_shell_call": ServerTool("local_shell", "action"),
    "mcp_call": ServerTool("mcp", "arguments", output="output"),
    "mcp_list_tools": ServerTool("mcp_list_tools", output="tools"),
    "shell_call": ServerTool("shell", "action"),
    "tool_search_call": ServerTool("tool_search", "arguments"),
    "web_search_call": ServerTool("web_search", "action"),
}
#: Items that are a result alone, and the field that says it.
RESULTS: dict[str, str] = {
    "shell_call_output": "output",
    "tool_search_output": "tools",
}
_FAILED = frozenset({"failed", "incomplete"})
_OURS = "harness"


def read_tool(item: dict[str, Any]) -> list[ContentBlock]:
    """The blocks of the *item*, whose type is one of `TOOLS` or `RESULTS`.

    >>> item = {"type": "web_search_call", "id": "ws_1", "action": {"query": "sky"}}
    >>> read_tool(item)[0]["args"]
    {'query': 'sky'}
    """
    said = {key: value for key, value in item.items() if value is not None}
    own_id = said.pop("id", None)
    call_id = said.get("call_id") or own_id
    kept = {"id": own_id} if own_id != call_id else {}
    kind = said["type"]
    if kind in RESULTS:
        block = _result(call_id, said, said.pop(RESULTS[kind], None))
        return [{**block, "extras": held(said | kept)}]
    tool = TOOLS[kind]
    args = _args(tool, said)
    result = _outcome(tool, call_id, said)
    name = said.get("name") if kind == "mcp_call" else None
    named = isinstance(name, str) and bool(name)
    if named:
        del said["name"]
    call = {
        "type": "server_tool_call",
        "id": call_id,
        "name": name if named else tool.name,
        "args": args,
        "extras": held(said | kept),
    }
    return [call, *result]


def _args(tool: ServerTool, said: dict[str, Any]) -> dict[str, Any]:
    """The arguments, taken out of what is *said* unless they are spelled oddly."""
    value = said.get(tool.args or "")
    if tool.args is None or value is None:
        return {}
    if not tool.whole:
        return {tool.args: said.pop(tool.args)}
    if isinstance(value, dict):
        return dict(said.pop(tool.args)) if value else {}
    try:
        args: dict[str, Any] = plain(parse_object(value), "arguments")
    except (AttributeError, InputError, JsonError, TypeError):
        return {}
    if write_text(args) == value:
        del said[tool.args]
    return args


def _outcome(
    tool: ServerTool, call_id: Any, said: dict[str, Any]
) -> list[ContentBlock]:
    if tool.output is None:
        return []
    error, output = said.pop("error", None), said.pop(tool.output, None)
    if said.get("server_label") == _OURS:
        error, output = _unquoted(error), _unquoted(output)
    if error is not None:
        return [{**_result(call_id, said, error), "status": "error"}]
    return [] if output is None else [_result(call_id, said, output)]


def _unquoted(text: Any) -> Any:
    """What `write_tool` said as JSON text, where it is that."""
    try:
        return read_json(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _result(call_id: Any, said: dict[str, Any], output: Any) -> ContentBlock:
    status = "error" if str(said.get("status")) in _FAILED else "success"
    block: ContentBlock = {"type": "server_tool_result", "tool_call_id": call_id}
    return {**block, "status": status, "output": output}


def image_block(item: dict[str, Any]) -> ContentBlock:
    """The image that an item of type "image_generation_call" made."""
    said = {key: value for key, value in item.items() if value is not None}
    form = said.get("output_format") or "png"
    block: ContentBlock = {"type": "image", "base64": said.pop("result", "")}
    return {**block, "mime_type": f"image/{form}", "extras": held(said)}


def write_tool(call: ContentBlock, result: ContentBlock | None) -> dict[str, Any]:
    """The item that says *call* and *result*, one of which may be {} or None.

    What another provider's tool did is said as what a server of ours did: an MCP call.
    """
    first = call or result or {}
    fields = item_fields(first.get("extras"))
    kind = fields.get("type")
    own_id = fields.pop("id", None) or first.get("id") or first.get("tool_call_id")
    if kind in RESULTS and result:
        return {"id": own_id, **fields, RESULTS[kind]: result.get("output")}
    if kind not in TOOLS:
        kind = "mcp_call"
        fields = {"type": kind, "status": "completed", "server_label": _OURS}
    item: dict[str, Any] = {"id": own_id, **fields}
    tool = TOOLS[kind]
    if kind == "mcp_call":
        item["name"] = str(call.get("name") or tool.name)
    item |= _said_args(tool, call.get("args") or {}, fields)
    if result and tool.output:
        failed = result.get("status") == "error" and kind.startswith("mcp_")
        output = result.get("output")
        # An MCP server answers with text.
        said = write_text(output) if item.get("server_label") == _OURS else output
        item["error" if failed else tool.output] = said
    return item


def _said_args(tool: ServerTool, args: Any, fields: dict[str, Any]) -> dict[str, Any]:
    if tool.args is None:
        return {}
    if tool.args == "arguments" and tool is TOOLS["mcp_call"]:
        spelled = fields.get("arguments")
        if isinstance(args, str):
            return {"arguments": args}
        same = isinstance(spelled, str) and _same(spelled, args)
        return {"arguments": spelled if same else write_text(args)}
    if not isinstance(args, dict):
        return {tool.args: args}
    if not tool.whole:
        return args
    return {tool.args: args} if args else {}


def _same(spelled: str, args: dict[str, Any]) -> bool:
    try:
        return parse_object(spelled) == args
    except JsonError:
        return not args
