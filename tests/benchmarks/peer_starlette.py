"""A server by hand on Starlette, as its documentation does it: a write for each event.

``python peer_starlette.py PORT``
"""

import json
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from traffic import PATH, TEXT, WORDS

FRAME = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}


def event(delta: dict[str, Any], finish: str | None = None) -> str:
    """Give one event."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({**FRAME, 'choices': [choice]})}\n\n"


async def events() -> Any:
    """Give all of a stream."""
    yield event({"role": "assistant", "content": ""})
    for word in WORDS.split(" "):
        yield event({"content": f"{word} "})
    yield event({}, "stop")
    yield "data: [DONE]\n\n"


async def chat(request: Any) -> Any:
    """Answer one request."""
    asked = await request.json()
    if asked.get("stream"):
        return StreamingResponse(events(), media_type="text/event-stream")
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({**FRAME, "choices": [choice]})


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route(PATH, chat, methods=["POST"])]),
        port=int(sys.argv[1]),
        log_level="error",
        access_log=False,
    )
