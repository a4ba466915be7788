"""A script that is served: each session plays it from its beginning."""

import json
from collections.abc import Callable
from typing import Any

from harness.endpoint import Endpoint, HttpCall
from harness.errors import (
    HarnessError,
    ScriptError,
    UnrecordedRequest,
    UnscriptedRequest,
    shown,
)
from harness.http_messages import HttpRequest
from harness.scripts import Script
from harness.server.acting import Stage
from harness.server.application import refusal
from harness.server.served import Failure
from harness.server.sessions import SESSION_HEADER, Sessions
from harness.steps import Fault
from harness.wire import DIALECTS
from harness.wire.json_values import read_json

__all__ = ["ServedScript"]


class ServedScript:
    """Answers with what *fresh* makes: one endpoint for each *session_header* there is.

    Requests without that header are answered by *first*, if it is given. *changed*
    tells whether *fresh* makes others now, so that all sessions begin again; what it
    raises is the answer until it raises no more.
    """

    def __init__(
        self,
        fresh: Callable[[], Endpoint],
        *,
        first: Endpoint | None = None,
        session_header: str = SESSION_HEADER,
        changed: Callable[[], bool] | None = None,
    ) -> None:
        self._sessions = Sessions(fresh, header=session_header, first=first)
        self._changed = changed
        self._failures: list[Failure] = []  # of sessions that are over, and of files

    async def respond(self, request: HttpRequest, stage: Stage) -> None:
        """Answer *request* on *stage* with the next turn of its session."""
        try:
            if self._changed is not None and self._changed():
                self.reset(None)
        except HarnessError as error:
            self._failures.append(UnscriptedRequest(error))
            await stage.play(refusal(str(error), request.url))
            return
        endpoint = self._sessions.of(request)
        try:
            await stage.play(endpoint.answer(request))
        except (UnrecordedRequest, UnscriptedRequest) as failure:
            await _refuse(failure, endpoint, request, stage)
        except ConnectionResetError:  # that is how it is hung up
            raise
        except Exception as error:  # noqa: BLE001 - a function of the script may raise
            raised = UnscriptedRequest(ScriptError(f"the script raised {error!r}"))
            raised.__cause__ = error
            endpoint.failures.append(raised)
            await _refuse(raised, endpoint, request, stage)

    # --------------------------------------------------------------------- state

    @property
    def session_header(self) -> str:
        """Which header tells its sessions apart."""
        return self._sessions.header

    def state(self) -> dict[str, Any]:
        """The sessions, what each was asked, and what it has left to play."""
        return {
            "sessions": {
                name: {
                    "requests": len(endpoint.calls),
                    "unused": _unused(endpoint),
                    "failures": [str(failure) for failure in endpoint.failures],
                }
                for name, endpoint in self._sessions.items()
            },
            "failures": [str(failure) for failure in self.failures()],
        }

    def calls(self, session: str | None) -> list[dict[str, Any]]:
        """What came over HTTP, of *session* or all; without headers: they have keys."""
        return [
            _told(name, call)
            for name, endpoint in self._sessions.items()
            if session in (None, name)
            for call in endpoint.calls
        ]

    def reset(self, session: str | None) -> None:
        """Let *session*, or all, begin again; what failed in them is remembered."""
        for endpoint in self._sessions.end(session):
            self._failures += endpoint.failures

    def failures(self) -> list[Failure]:
        """What the script had no lawful answer to."""
        open_now = [endpoint for _, endpoint in self._sessions.items()]
        return [*self._failures, *(f for one in open_now for f in one.failures)]

    async def close(self) -> None:
        """Nothing is held."""


async def _refuse(
    failure: Failure, endpoint: Endpoint, request: HttpRequest, stage: Stage
) -> None:
    """Say *failure* in the provider's words, in mid-stream too."""
    if not stage.started:
        await stage.play(refusal(str(failure), request.url))
        return
    call = next(one for one in reversed(endpoint.calls) if one.request is request)
    encoder = DIALECTS[call.dialect].encoder(call.asked)
    await stage.write(encoder.feed(Fault(f"chat-harness: {failure}", status=400)))
    await stage.cut("connection")


def _unused(endpoint: Endpoint) -> list[str]:
    script = endpoint.source
    return script.left() if isinstance(script, Script) else []


def _told(session: str, call: HttpCall) -> dict[str, Any]:
    request = call.request
    return {
        "session": session,
        "index": call.index,
        "method": request.method,
        "path": request.url.partition("?")[0],
        "dialect": call.dialect,
        "body": _body(request.body),
        "status": call.status,
        "ended": call.ended,
        "refused": call.refused,
    }


def _body(data: bytes) -> Any:
    """What was sent, as JSON if it is some that can be said again."""
    try:
        said = read_json(data or b"null")
        json.dumps(said, allow_nan=False)
    except ValueError:
        return shown(data)
    return said
