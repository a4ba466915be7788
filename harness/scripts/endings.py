"""How an answer ends. In: an answer, its plan, a request. Out: what the end says."""

from typing import Any

from harness.message_fields import read_dict, read_name
from harness.requests import ChatRequest
from harness.scripts.parts import Said
from harness.scripts.plans import Plan
from harness.usage import estimated_usage, usage_fields

__all__ = ["ending"]


def ending(id: str, said: Said, plan: Plan, request: ChatRequest) -> dict[str, Any]:
    """What the last chunk of the answer with *id* says beside its content.

    As a chunk holds it: read already, for `AIMessageChunk._also`.
    """
    metadata: dict[str, Any] = {"model_name": said.model or request.model or "fake"}
    if plan.finish is not None:
        metadata["finish_reason"] = plan.finish
    if said.metadata:
        metadata |= said.metadata
    end: dict[str, Any] = {"id": id, "last": True}
    end["response_metadata"] = read_dict(metadata, "response_metadata")
    if said.usage == "auto":
        asked = sum([len(message.text) for message in request.messages])
        end["usage"] = estimated_usage(asked, plan.size)
    elif said.usage:
        end["usage"] = usage_fields(said.usage, total=True)
    if said.name is not None:
        end["name"] = read_name(said.name, "name")
    if said.additional_kwargs:
        end["additional_kwargs"] = read_dict(
            said.additional_kwargs, "additional_kwargs"
        )
    return end
