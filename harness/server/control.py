"""What a server tells of itself under /harness/, and what it is told there."""

import json
from collections.abc import Mapping
from typing import Any, assert_never
from urllib.parse import parse_qs

from harness.endpoint.replies import Reply, json_reply
from harness.http_messages import Headers
from harness.server.control_paths import ADMIN, CONTROL_PATHS, ControlName
from harness.server.description import description_of
from harness.server.served import Served

__all__ = ["told"]


def told(served: Mapping[str, Served], method: str, rest: str) -> Reply:
    """The answer to *method* at what stands behind /harness/ in the URL: *rest*."""
    path, _, query = rest.partition("?")
    session = next(iter(parse_qs(query).get("session", [])), None)
    there = {one.method: one for one in CONTROL_PATHS if one.path == path}
    # Who asks for a head alone gets that of the same answer.
    asked = there.get("GET" if method == "HEAD" else method)
    if asked is not None:
        return _json(_said(served, asked.name, session))
    if there:
        allowed = ", ".join(sorted({*there, *(("HEAD",) if "GET" in there else ())}))
        words = f"{method} /{ADMIN}/{path}: it is asked with {allowed}."
        return _json({"error": words}, 405, (("allow", allowed),))
    return _json({"error": f"{method} /{ADMIN}/{path}: {_known()}"}, 404)


def _known() -> str:
    by_method: dict[str, list[str]] = {}
    for one in CONTROL_PATHS:
        by_method.setdefault(one.method, []).append(f"/{ADMIN}/{one.path}")
    words = [f"{method} {_listed(paths)}" for method, paths in by_method.items()]
    return f"known are {', and '.join(words)}."


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _said(
    served: Mapping[str, Served], name: ControlName, session: str | None
) -> object:
    match name:
        case "state":
            return {name: one.state() for name, one in served.items()}
        case "calls":
            return {name: one.calls(session) for name, one in served.items()}
        case "health":
            return {"status": "ok"}
        case "description":
            return description_of(served)
        case "reset":
            for one in served.values():
                one.reset(session)
            return {"status": "reset"}
        case _ as unreachable:
            assert_never(unreachable)


def _json(value: Any, status: int = 200, headers: Headers = ()) -> Reply:
    said = json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    return json_reply(said.encode("utf-8", "replace"), status, headers)
