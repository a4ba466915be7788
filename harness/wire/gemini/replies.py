"""Whole replies of Gemini. In: a message. Out: the response that says it.

What Google said of an answer is in the message's metadata under Google's names, and is
said again in its place. Of an answer from elsewhere, the common words are translated.
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any, Final

from harness.blocks import ContentBlock
from harness.errors import InputError
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.wire.gemini.citations import grounding_of
from harness.wire.gemini.logprobs import write_logprobs
from harness.wire.gemini.parts import wire_id, write_block
from harness.wire.gemini.reasons import write_reason
from harness.wire.gemini.usage import write_usage
from harness.wire.json_values import write_json, write_text

__all__ = ["UNNAMED", "answer_parts", "closing", "frame", "write_reply"]

_PROVIDER = "google_genai"
#: The model of an answer that nobody has named.
UNNAMED: Final = "harness"
#: Metadata that is said of a candidate; all other is said of the whole answer.
_OF_CANDIDATE = frozenset(
    "avgLogprobs citationMetadata continuationToken finishMessage finishReason "
    "groundingAttributions groundingMetadata safetyRatings tokenCount "
    "urlContextMetadata".split()
)
_TRANSLATED = frozenset(
    "conflicts finish_reason logProbabilitySum logprobs model_name model_provider "
    "other_choices token_usage".split()
)


def write_reply(message: AIMessage, request: ChatRequest | None = None) -> bytes:
    """The whole reply that says *message*. Raises InputError for what has no form."""
    parts = answer_parts(message.content_blocks)
    return write_json({**closing(message, parts), **frame(message, request)})


def frame(message: AIMessage, request: ChatRequest | None = None) -> dict[str, Any]:
    """What every event of an answer says: its id and its model.

    A reply that has come without them goes without them.
    """
    metadata = message.response_metadata
    own = metadata.get("model_provider") == _PROVIDER
    named = own and not metadata.get("model_name")
    model = {} if named else {"modelVersion": _answer_model(metadata, request)}
    if own and not message.id:
        return model
    return {**model, "responseId": _answer_id(message, request)}


def closing(message: AIMessage, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The end of an answer that says *parts*: why it ended, usage, all else."""
    metadata = message.response_metadata
    candidate, about = _about(message)
    others = [_other(item) for item in metadata.get("other_choices") or ()]
    content = {"role": "model", **({"parts": parts} if parts else {})}
    candidates = [{"content": content, "index": 0, **candidate}, *others]
    if _is_blocked(metadata) and not parts:
        candidates = others
    reply = {"candidates": candidates} if candidates else {}
    return reply | {key: said for key, said in about.items() if key != "candidates"}


def _is_blocked(metadata: dict[str, Any]) -> bool:
    """Whether the prompt was refused, so that there is no candidate."""
    feedback = metadata.get("promptFeedback")
    return (
        metadata.get("model_provider") == _PROVIDER
        and isinstance(feedback, dict)
        and "blockReason" in feedback
        and "finishReason" not in metadata
    )


def _about(message: AIMessage) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is said of the candidate, and what of the whole answer."""
    metadata = message.response_metadata
    own = metadata.get("model_provider") == _PROVIDER
    raw = {k: v for k, v in metadata.items() if own and k not in _TRANSLATED}
    candidate = {k: v for k, v in raw.items() if k in _OF_CANDIDATE}
    about = {k: v for k, v in raw.items() if k not in _OF_CANDIDATE}
    candidate.setdefault("finishReason", write_reason(message.finish_reason))
    if probs := write_logprobs(metadata.get("logprobs")):
        total = metadata.get("logProbabilitySum")
        probs |= {} if total is None else {"logProbabilitySum": total}
        candidate["logprobsResult"] = probs
    if not candidate.keys() & {"groundingMetadata", "citationMetadata"}:
        grounding = grounding_of(message.content_blocks)
        candidate |= {"groundingMetadata": grounding} if grounding else {}
    usage = metadata.get("token_usage") if own else None
    if not isinstance(usage, dict):
        usage = write_usage(message.usage_metadata or {})
    return candidate, {**about, **({"usageMetadata": usage} if usage else {})}


def _other(dumped: Any) -> dict[str, Any]:
    """A candidate after the first, as the reader keeps it."""
    if not isinstance(dumped, dict):
        raise InputError(f"gemini: other_choices has {dumped!r}, not a message.")
    said = {k: v for k, v in dumped.items() if k != "index"}
    message = AIMessage.model_validate(said)
    metadata = {**message.response_metadata, "model_provider": _PROVIDER}
    message = message.model_copy(update={"response_metadata": metadata})
    candidate, _ = _about(message)
    if message.finish_reason is None:
        del candidate["finishReason"]
    parts = answer_parts(message.content_blocks)
    content = {"role": "model", **({"parts": parts} if parts else {})}
    return {"content": content, "index": dumped.get("index"), **candidate}


def answer_parts(blocks: list[ContentBlock]) -> list[dict[str, Any]]:
    """The parts of an answer that says *blocks*.

    An answer may say of any server's calls what it can of Google's.
    """
    parts = (write_block(block) or _foreign(block) for block in blocks)
    return [part for part in parts if part]


def _foreign(block: ContentBlock) -> dict[str, Any] | None:
    match block:
        case {"type": "server_tool_call", "name": str(name), "args": dict(args)}:
            call = {"toolType": name.upper(), "args": args, **wire_id(block.get("id"))}
            return {"toolCall": call}
        case {"type": "server_tool_result", "output": output}:
            call_id = wire_id(block.get("tool_call_id"))
            if isinstance(output, dict):
                return {"toolResponse": {"response": output, **call_id}}
            failed = block.get("status") == "error"
            outcome = "OUTCOME_FAILED" if failed else "OUTCOME_OK"
            text = output if isinstance(output, str) else write_text(output)
            said = {"outcome": outcome, "output": text, **call_id}
            return {"codeExecutionResult": said}
        case _:
            return None


def _answer_id(message: AIMessage, request: ChatRequest | None = None) -> str:
    """The id of *message*, or one made of what was asked and said, like Google's."""
    if message.id:
        return message.id
    asked = "" if request is None else repr(request)
    said = write_text([asked, message.content_blocks])
    digest = hashlib.sha256(said.encode()).digest()
    return urlsafe_b64encode(digest[:17]).decode().rstrip("=")


def _answer_model(metadata: dict[str, Any], request: ChatRequest | None = None) -> str:
    """The model that answers: the one that says it, or else the one that was asked."""
    name = metadata.get("model_name")
    if isinstance(name, str) and name:
        return name
    return (request.model if request else None) or UNNAMED
