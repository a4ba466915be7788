"""A provider that plays a script: the same script as a `FakeChatModel`, over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from harness.endpoint import Endpoint, HttpCall
from harness.models.clocks import Clock, RealClock, SkippingClock, given_clock
from harness.scripts import Call, Journal, Script, TurnLike
from harness.scripts.given import script_of
from harness.scripts.parts import CutLike

if TYPE_CHECKING:
    from harness.server import Server

__all__ = ["FakeProvider"]


class FakeProvider:
    """Answers HTTP clients with *turns*, or with one `Script`, as providers do.

    The options are those of `Script`. Every dialect of `harness.wire.DIALECTS` is
    spoken, told by the path of a request. *clock* tells the time: by default what a
    script waits is skipped. Raises InputError for turns that cannot be played.

    >>> import httpx
    >>> fake = FakeProvider("Hello!")
    >>> client = httpx.Client(transport=fake.transport())
    >>> hi = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}
    >>> answer = client.post("https://api.openai.com/v1/chat/completions", json=hi)
    >>> answer.json()["choices"][0]["message"]["content"], fake.calls[0].text
    ('Hello!', 'Hi')
    """

    @overload
    def __init__(self, script: Script, /, *, clock: Clock | None = None) -> None: ...
    @overload
    def __init__(
        self,
        *turns: TurnLike,
        seed: int = 0,
        clock: Clock | None = None,
        check: bool = True,
        cut: CutLike = "words",
    ) -> None: ...
    def __init__(
        self,
        *turns: TurnLike | Script,
        seed: int = 0,
        clock: Clock | None = None,
        check: bool = True,
        cut: CutLike = "words",
    ) -> None:
        #: What the provider plays.
        self.script = script_of(turns, "FakeProvider", seed=seed, check=check, cut=cut)
        self.clock = SkippingClock() if clock is None else given_clock(clock)
        self.endpoint = Endpoint(self.script, now=self.clock.now)

    @classmethod
    def load(
        cls,
        name: str | Path,
        *,
        directory: str | Path | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """A provider that plays the script in ``fakes/<name>.yaml``, or at a path.

        Raises ScriptError if there is none, InputError if it cannot be played.
        """
        # Reading files takes pydantic's forms and yaml; a script in Python does not.
        from harness.scripts.files import load_script

        return cls(load_script(name, directory), clock=clock)

    def transport(self) -> Any:
        """A transport for clients of httpx and httpx2, awaited or not."""
        from harness.transports import transport_of

        return transport_of(self.endpoint, self.clock)

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        session_header: str = "x-harness-session",
    ) -> "Server":
        """A server on a socket of this machine, for clients of every language.

        ``with fake.serve() as server:`` gives its `url`. *clock* acts out what the
        script waits: in real time by default, as other processes have no other. A
        request that names a session in *session_header* plays a fresh copy of the
        script, and the others play this one. Needs the extra "server".
        """
        from harness.server import Application, ServedScript, Server

        played = ServedScript(
            lambda: self.endpoint.fresh(self.script.fresh()),
            first=self.endpoint,
            header=session_header,
        )
        waiting = RealClock() if clock is None else given_clock(clock)
        application = Application({"script": played}, clock=waiting)
        return Server(application, host=host, port=port)

    @property
    def journal(self) -> Journal:
        """What the script was asked, and what it answered; with assertions."""
        return self.script.journal

    @property
    def calls(self) -> list[Call]:
        """The calls of the script, the first first."""
        return list(self.script.journal)

    @property
    def requests(self) -> list[HttpCall]:
        """All that came over HTTP, also what was refused, the first first."""
        return list(self.endpoint.calls)

    def check_exhausted(self) -> None:
        """Raise UnusedTurns if there are turns that nothing asked for."""
        self.script.check_exhausted()

    def __repr__(self) -> str:
        """The provider, how much it has left to play, and what it was asked."""
        left = len(self.script.unused())
        turns = "1 turn" if left == 1 else f"{left} turns"
        return f"<FakeProvider, {turns} left. {self.journal.told()}>"
