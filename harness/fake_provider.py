"""A provider that plays a script: the same script as a `FakeChatModel`, over HTTP."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, overload

from harness.clients import Clients
from harness.endpoint import Chaos, Endpoint, Glitch, HttpCall, Quota
from harness.endpoint.asserting import HttpJournaled
from harness.endpoint.glitches import Glitches
from harness.endpoint.keys import key_check
from harness.endpoint.other_paths import other_paths
from harness.endpoint.quotas import Quotas
from harness.endpoint.validation import validate as validated
from harness.errors import InputError, UnrecordedRequest, UnscriptedRequest
from harness.models.clocks import Clock, RealClock, SkippingClock, given_clock
from harness.paths import StrPath
from harness.scripts import Journal, Script, TurnLike
from harness.scripts.asserting import Journaled
from harness.scripts.given import script_of
from harness.scripts.parts import CutLike

if TYPE_CHECKING:
    from harness.recording import Interception
    from harness.server import Server

__all__ = ["FakeProvider"]


class FakeProvider(Clients, Journaled, HttpJournaled):
    """Answers HTTP clients with *turns*, or with one `Script`, as providers do.

    The options are those of `Script`. Every dialect of `harness.wire.DIALECTS` is
    spoken, told by the path of a request. *clock* tells the time: by default what a
    script waits is skipped. *glitches* are faults of the wire at chosen requests,
    *chaos* has them by chance, *quota* limits what is granted in a minute. What the
    provider would not accept is refused in its words, and uses up no turn; with
    *validate* False it is taken all the same. *models* are the models that there are;
    by default every one is. With *keys* a request must have one of them. Raises
    InputError for turns that cannot be played.

    >>> import httpx
    >>> fake = FakeProvider("Hello!")
    >>> client = httpx.Client(transport=fake.transport())
    >>> hi = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi"}]}
    >>> answer = client.post("https://api.openai.com/v1/chat/completions", json=hi)
    >>> answer.json()["choices"][0]["message"]["content"], fake.calls[0].text
    ('Hello!', 'Hi')
    """

    @overload
    def __init__(
        self,
        script: Script,
        /,
        *,
        clock: Clock | None = None,
        glitches: Sequence[Glitch] = (),
        chaos: Chaos | None = None,
        quota: Quota | None = None,
        validate: bool = True,
        models: Sequence[str] | None = None,
        keys: Collection[str] | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *turns: TurnLike,
        seed: int = 0,
        clock: Clock | None = None,
        check: bool = True,
        cut: CutLike = "words",
        glitches: Sequence[Glitch] = (),
        chaos: Chaos | None = None,
        quota: Quota | None = None,
        validate: bool = True,
        models: Sequence[str] | None = None,
        keys: Collection[str] | None = None,
    ) -> None: ...
    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        *turns: TurnLike | Script,
        seed: int = 0,
        clock: Clock | None = None,
        check: bool = True,
        cut: CutLike = "words",
        glitches: Sequence[Glitch] = (),
        chaos: Chaos | None = None,
        quota: Quota | None = None,
        validate: bool = True,
        models: Sequence[str] | None = None,
        keys: Collection[str] | None = None,
    ) -> None:
        #: What the provider plays.
        self.script = script_of(turns, "FakeProvider", seed=seed, check=check, cut=cut)
        self.clock = SkippingClock() if clock is None else given_clock(clock)
        desks = [other_paths(models)]
        if keys is not None:
            desks.insert(0, key_check(keys))
        if validate:
            desks.append(validated)
        self._desks, self._quota = tuple(desks), quota
        self._spoils = bool(glitches or chaos)
        self._new_glitches = partial(
            Glitches, given=glitches, chaos=chaos, now=self.clock.now
        )
        self._glitches = self._new_glitches(self.script)
        self.endpoint = self._made(self.script, self._glitches)

    def _made(self, script: Script, glitches: Glitches) -> Endpoint:
        """A new endpoint for *script*, with limits of its own."""
        now, quota = self.clock.now, self._quota
        quotas = () if quota is None else (Quotas(quota, now),)
        # What a glitch turns down costs nothing; what it spoils has its headers first.
        return Endpoint(
            glitches if self._spoils else script,
            desks=self._desks,
            gates=(glitches.gate, *(one.gate for one in quotas)),
            spoilers=(*(one.spoil for one in quotas), glitches.spoil),
            now=now,
            seed=script.seed,
        )

    @classmethod
    def load(
        cls,
        name: StrPath,
        *,
        directory: StrPath | None = None,
        **options: Any,
    ) -> Self:
        """A provider that plays the script in ``fakes/<name>.yaml``, or at a path.

        *directory* stands for ``fakes/``; *options* are those that go with one Script.
        Raises ScriptError if there is none, InputError if it cannot be played.
        """
        # Reading files takes pydantic's forms and yaml; a script in Python does not.
        from harness.scripts.files import load_script

        return cls(load_script(name, directory), **options)

    def transport(self) -> Any:
        """A transport for clients of httpx and httpx2, awaited or not."""
        from harness.transports import transport_of

        return transport_of(self.endpoint, self.clock)

    def intercept(
        self, *hosts: str, others: Literal["block", "pass"] = "block"
    ) -> "Interception":
        """A block in which every request to *hosts* is answered by this provider.

        Whatever makes it: httpx, httpx2, requests, urllib3 (botocore) or aiohttp, in
        any thread or task that begins in the block. For `with` or `async with`. *hosts*
        are names, with the wildcards of a shell, or `host:port`; without any they are
        `harness.recording.PROVIDER_HOSTS`. Requests to other hosts than this machine
        are blocked; with *others* "pass" they go to what the block is in (a cassette),
        or to the network. What reaches for a provider past this raises NetworkBlocked,
        once more at the end of the block if that was swallowed; so does what the script
        cannot answer, as UnscriptedRequest. Raises InputError for what is no host.

        >>> import httpx
        >>> fake = FakeProvider("Hello!")
        >>> hi = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        >>> with fake.intercept():
        ...     answer = httpx.post("https://api.x.ai/v1/chat/completions", json=hi)
        >>> answer.json()["choices"][0]["message"]["content"]
        'Hello!'
        """
        from harness.recording import Interception

        return Interception(
            self.endpoint, self.clock, self.transport(), hosts=hosts, others=others
        )

    def serve(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        session_header: str = "x-harness-session",
    ) -> "Server":
        """A server on a socket of this machine, for clients of every language.

        ``with fake.serve() as server:`` gives its `url`: at *host*, and at *port*, or
        with 0 at any that is free. *clock* acts out what the script waits: in real time
        by default, as other processes have no other. A request that names a session in
        *session_header* plays a fresh copy of the script, and the others play this one.
        Needs the extra "server".
        """
        from harness.server import Application, ServedScript, Server

        def fresh() -> Endpoint:
            script = self.script.fresh()
            return self._made(script, self._new_glitches(script))

        played = ServedScript(fresh, first=self.endpoint, session_header=session_header)
        waiting = RealClock() if clock is None else given_clock(clock)
        application = Application({"script": played}, clock=waiting)
        return Server(application, host=host, port=port)

    @property
    def journal(self) -> Journal:
        """What the script was asked, and what it answered; with assertions."""
        return self.script.journal

    @property
    def requests(self) -> list[HttpCall]:
        """All that came over HTTP, also what was refused, the first first."""
        return list(self.endpoint.calls)

    @property
    def failures(self) -> list[UnscriptedRequest | UnrecordedRequest]:
        """What the script had no lawful answer to, also if the application hid it."""
        return self.endpoint.failures

    def check_exhausted(self) -> None:
        """Raise UnusedTurns if there are turns, or glitches, that nothing asked for."""
        self.script.check_exhausted()
        self._glitches.check_exhausted()

    def __repr__(self) -> str:
        """The provider, how much it has left to play, and what it was asked."""
        left = len(self.script.unused())
        turns = "1 turn" if left == 1 else f"{left} turns"
        return f"<FakeProvider, {turns} left. {self.journal.told()}>"

    def __copy__(self) -> Self:
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __reduce__(self) -> NoReturn:
        raise InputError(
            "A FakeProvider cannot be pickled: its answers are given in this process. "
            "Pickle its script (its .script), and make FakeProvider(script) where it "
            "is used; or let other processes ask this one, by its serve()."
        )
