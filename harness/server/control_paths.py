"""The paths under /harness/ as a table: what may be asked there, and what is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ADMIN", "CONTROL_PATHS", "ControlName", "ControlPath"]

#: The first name of these paths.
ADMIN = "harness"

ControlName = Literal["state", "health", "calls", "description", "reset"]
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}


@dataclass(frozen=True, slots=True)
class ControlPath:
    """What *method* gives at *path*, below /harness/: JSON of *schema*.

    *of_session* tells that one session may be named.
    """

    name: ControlName
    method: str
    path: str
    about: str
    schema: dict[str, Any] = field(hash=False)
    of_session: bool = False


def _object(required: Sequence[str] = (), **properties: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "object", "properties": properties}
    return said | ({"required": [*required]} if required else {})


def _by_name(schema: dict[str, Any]) -> dict[str, Any]:
    """An object that has *schema* for each thing that is served, by its name."""
    return {"type": "object", "additionalProperties": schema}


def _status(word: str) -> dict[str, Any]:
    return _object(["status"], status={"const": word})


_SESSION = _object(
    ["unused"],
    requests={"type": "integer", "minimum": 0},
    known={"type": "integer", "minimum": 0},
    recorded={"type": "integer", "minimum": 0},
    unused=_TEXTS,
    failures=_TEXTS,
    notes=_TEXTS,
)
_STATE = _object(["sessions", "failures"], sessions=_by_name(_SESSION), failures=_TEXTS)
_CALL = _object(
    ["session", "method", "path"],
    session=_TEXT,
    index={"type": "integer", "minimum": 0},
    method=_TEXT,
    path=_TEXT,
    dialect=_TEXT,
    body=True,
    status={"type": ["integer", "null"]},
    ended=_TEXT,
    refused=_TEXT,
    answer=_TEXT,
)

#: All of them.
CONTROL_PATHS: Sequence[ControlPath] = (
    ControlPath(
        "state",
        "GET",
        "",
        "The sessions, the turns that are left and what had no answer",
        _by_name(_STATE),
    ),
    ControlPath(
        "calls",
        "GET",
        "calls",
        "What came, in order, with bodies and without headers",
        _by_name({"type": "array", "items": _CALL}),
        of_session=True,
    ),
    ControlPath("health", "GET", "health", "Answers when it is ready", _status("ok")),
    ControlPath(
        "description",
        "GET",
        "openapi.json",
        "This description",
        _object(["openapi", "paths"], openapi=_TEXT, paths={"type": "object"}),
    ),
    ControlPath(
        "reset",
        "POST",
        "reset",
        "Begins that session again; without a name, all",
        _status("reset"),
        of_session=True,
    ),
)
