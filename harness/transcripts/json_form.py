"""Transcripts as plain JSON values, for `--json` and for the report."""

from base64 import b64encode
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.interactions import decoded_body, decoded_request
from harness.errors import CassetteError
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.transcripts.conversations import conversations
from harness.transcripts.exchanges import Exchange, Timing, Transcript

__all__ = ["FORMAT", "exchange_value", "transcript_value"]

FORMAT = "chat-harness/transcript/1"


def transcript_value(transcript: Transcript, *, raw: bool = False) -> dict[str, Any]:
    """*transcript* as a JSON value; with *raw* also what went over the wire.

    ``conversations`` lists the numbers of the exchanges that go on with one another;
    ``new`` of an exchange counts the messages at the end of its request that are new.

    >>> from harness.transcripts import read_transcript
    >>> value = transcript_value(read_transcript("cassettes/weather.yaml"))
    >>> value["format"], value["exchanges"][0]["answer"]["content"]
    ('chat-harness/transcript/1', 'Hello! Ask me about the weather anywhere.')
    """
    grouped = conversations(transcript.exchanges)
    new = {
        exchange.number: len(fresh)
        for one in grouped
        for exchange, fresh in zip(one.exchanges, one.fresh, strict=True)
    }
    return {
        "format": FORMAT,
        "path": transcript.path.as_posix(),
        "kind": transcript.kind,
        "conversations": [[e.number for e in one.exchanges] for one in grouped],
        "exchanges": [
            exchange_value(one, raw=raw) | {"new": new.get(one.number, 0)}
            for one in transcript.exchanges
        ],
    }


def exchange_value(exchange: Exchange, *, raw: bool = False) -> dict[str, Any]:
    """*exchange* as a JSON value. Times are in milliseconds."""
    interaction = exchange.interaction
    value: dict[str, Any] = {
        "number": exchange.number,
        "place": exchange.place,
        "line": exchange.line,
        "dialect": exchange.dialect,
        "host": exchange.host,
        "model": exchange.model,
        "streamed": exchange.streamed,
        "about": exchange.about,
        "problem": exchange.problem,
        "request": _request(exchange.request),
        "answer": exchange.answer and exchange.answer.model_dump(),
        "fault": _fault(exchange.fault),
        "usage": exchange.usage,
        "timing": _timing(exchange.timing, exchange.usage.get("output_tokens")),
        "pieces": [[piece.at, piece.kind, piece.text] for piece in exchange.pieces],
    }
    if interaction is not None:
        value |= {
            "method": interaction.method,
            "url": interaction.url,
            "status": interaction.status,
            "recorded_at": interaction.recorded_at,
            "ended": interaction.ended,
        }
        if raw:
            value["raw"] = _raw(interaction)
    return value


def _request(request: ChatRequest | None) -> dict[str, Any] | None:
    if request is None:
        return None
    choice, form = request.tool_choice, request.response_format
    return {
        "messages": [message.model_dump() for message in request.messages],
        "tools": [
            {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            }
            for tool in request.tools
        ],
        "tool_choice": choice and (choice.name or choice.mode),
        "response_format": form and {"kind": form.kind, "schema": form.schema},
        "stop": request.stop and list(request.stop),
        "params": dict(request.params),
    }


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {
        "kind": fault.kind,
        "message": fault.message,
        "status": fault.status,
        "retry_after": fault.retry_after,
    }


def _timing(timing: Timing | None, tokens: int | None) -> dict[str, Any] | None:
    if timing is None:
        return None
    return {
        "first": timing.first,
        "last": timing.last,
        "gap": timing.gap,
        "tokens_per_second": timing.rate(tokens) if tokens else None,
    }


def _raw(interaction: Interaction) -> dict[str, Any]:
    return {
        "request_headers": [list(pair) for pair in interaction.request_headers],
        "request_body": _body(decoded_request, interaction),
        "response_headers": [list(pair) for pair in interaction.response_headers],
        "response_body": _body(decoded_body, interaction),
    }


def _body(decoded: Any, interaction: Interaction) -> Any:
    try:
        data: bytes = decoded(interaction)
    except CassetteError as error:
        return {"problem": str(error)}
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}
