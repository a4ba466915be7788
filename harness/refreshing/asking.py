"""A cassette asked again: live, in order, and saved only if all of it went well."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.cassettes.interactions import (
    Headers,
    Interaction,
    decoded_body,
    decoded_request,
)
from harness.cassettes.merging import Loaded, save
from harness.cassettes.redaction import Redaction
from harness.cassettes.saving import locked
from harness.cassettes.tape import Tape
from harness.errors import CassetteError, HarnessError
from harness.models.clocks import Clock, RealClock
from harness.providers.addresses import is_loopback
from harness.recording.use import use_cassette
from harness.refreshing.answers import answer_of, divergence
from harness.refreshing.carrying import Diverged, Turn, carried, carried_url
from harness.refreshing.costs import Tokens, tokens_of
from harness.refreshing.signing import Keys, signed
from harness.wire import dialect_of

if TYPE_CHECKING:
    import httpx

__all__ = ["Result", "ask_again"]

_PATIENCE, _LONGEST_WAIT = 600.0, 60.0
_ATTEMPTS = 3
_PASSING = frozenset({408, 409, 425, 429})


#: URL, headers and body.
_Asked = tuple[str, Headers, bytes]


class _Failed(Exception):
    """A request got no answer that could stand for the one that was recorded."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the cassette at *path*, and what was *spent* on it.

    Of a cassette that is not "refreshed", *why* says what went wrong; it is as it was.
    """

    path: Path
    state: Literal["refreshed", "diverged", "failed"]
    why: str = ""
    spent: tuple[Tokens, ...] = ()


def ask_again(
    path: Path,
    loaded: Loaded,
    keys: Keys,
    *,
    told: Callable[[], object] = lambda: None,
    clock: Clock | None = None,
) -> Result:
    """Ask again what the cassette at *path* holds, as it was *loaded*, and replace it.

    *told* is called after each answer. What a provider refuses for the moment is asked
    again, twice, when it says so by *clock*. Whatever happens, the file has either the
    old recordings or, if all was answered and no conversation went another way, the
    new ones.
    """
    asking = _Asking(keys, clock or RealClock(), told)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="harness-refresh-") as folder,
            use_cassette(Path(folder) / "new.yaml", "rewrite", forced=True) as tape,
        ):
            asking.all(loaded.interactions, tape)
        _replace(path, loaded, asking.new)
    except Diverged as error:
        return Result(path, "diverged", str(error), tokens_of(asking.heard))
    except (_Failed, HarnessError) as error:
        return Result(path, "failed", str(error), tokens_of(asking.heard))
    return Result(path, "refreshed", "", tokens_of(asking.heard))


def _replace(path: Path, loaded: Loaded, new: Sequence[Interaction]) -> None:
    with locked(path.parent):
        if loaded.refreshed(path) is not loaded:
            raise CassetteError(f"{path} was changed meanwhile; it is as it is now.")
        save(path, new, Redaction.default())


@dataclass
class _Asking:
    """The requests of one cassette, one after the other."""

    keys: Keys
    clock: Clock
    told: Callable[[], object]
    new: list[Interaction] = field(default_factory=list)
    heard: list[Interaction] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def all(self, known: Sequence[Interaction], tape: Tape) -> None:
        import httpx

        # Whole requests are sent: the client adds no header, cookie or redirect.
        direct = all(is_loopback(one.url) for one in known)
        with httpx.Client(timeout=_PATIENCE, trust_env=not direct) as client:
            for number, one in enumerate(known, 1):
                try:
                    self._one(client, tape, number, one)
                except (_Failed, Diverged) as error:
                    error.args = (f"interaction {number}: {error}",)
                    raise
                self.told()

    def _one(
        self, client: "httpx.Client", tape: Tape, number: int, old: Interaction
    ) -> None:
        url, headers = signed(old, self.keys)
        asked = decoded_request(old)
        body = carried(asked, self.turns)
        if body == asked:
            body = old.request_body
        else:
            headers = tuple(p for p in headers if p[0].lower() != "content-encoding")
        url = carried_url(url, self.turns)
        new = self._answered(client, tape, old, (url, headers, body))
        before, after = answer_of(old), answer_of(new)
        if why := divergence(after, before):
            raise Diverged(f"it {why}")
        if before is not None and after is not None:
            self.turns.append(Turn(number, asked, before, after))

    def _answered(
        self, client: "httpx.Client", tape: Tape, old: Interaction, asked: _Asked
    ) -> Interaction:
        """The live answer, as it was on the wire; what is stored has no secrets."""
        heard = self._heard(client, tape, old, asked)
        for attempt in range(1, _ATTEMPTS):
            if not _may_pass(heard):
                break
            self._wait(_seconds(heard, attempt))
            heard = self._heard(client, tape, old, asked)
        if isinstance(heard, str):
            raise _Failed(f"no answer came: {heard}")
        stored = tape.recorded[-1]
        if heard.status != old.status:
            raise _Failed(_refusal(stored, old))
        self.new.append(stored)
        return heard

    def _heard(
        self, client: "httpx.Client", tape: Tape, old: Interaction, asked: _Asked
    ) -> Interaction | str:
        """The answer to one attempt, or why there was none."""
        import httpx

        url, headers, body = asked
        try:
            request = httpx.Request(
                old.method.encode("ascii").decode(),
                url,
                headers=[(n.encode("latin-1"), v.encode()) for n, v in headers],
                content=body,
            )
        except (ValueError, httpx.InvalidURL):  # which say it with a key
            raise _Failed("its method, URL or headers cannot be sent") from None
        count = len(tape.recorded)
        try:
            raw = b"".join(client.send(request, stream=True).iter_raw())
        except httpx.TransportError as error:
            return str(error) or type(error).__name__
        if len(tape.recorded) == count:
            raise _Failed("the answer could not be redacted, and is not kept")
        stored = tape.recorded[-1]
        new = replace(stored, response_body=raw, request_body=body, url=old.url)
        self.heard.append(new)
        return new

    def _wait(self, seconds: float) -> None:
        self.clock.sleep_until(self.clock.now() + seconds)


def _may_pass(heard: Interaction | str) -> bool:
    """Whether it may be gone the next time."""
    return isinstance(heard, str) or heard.status in _PASSING or heard.status >= 500


def _seconds(heard: Interaction | str, attempt: int) -> float:
    """How long to wait before the next attempt: as the provider says."""
    headers = () if isinstance(heard, str) else heard.response_headers
    said = (value for name, value in headers if name.lower() == "retry-after")
    try:
        return min(max(float(next(said, attempt)), 0.0), _LONGEST_WAIT)
    except ValueError:  # a date
        return float(attempt)


def _refusal(new: Interaction, old: Interaction) -> str:
    """What another status says, in the provider's words, of which the key is taken."""
    told = f"the answer is {new.status} instead of {old.status}"
    dialect = dialect_of(new.url)
    if dialect is None or new.status < 400:
        return told
    headers = dict(new.response_headers)
    fault = dialect.read_error(new.status, headers, decoded_body(new))
    return f"{told}: {' '.join(fault.message.split())}"
