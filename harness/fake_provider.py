"""A provider that plays a script: the same script as a `FakeChatModel`, over HTTP."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self, overload

from harness.endpoint import (
    Chaos,
    Endpoint,
    Glitch,
    Glitches,
    HttpCall,
    Quota,
    Quotas,
    key_check,
    other_paths,
)
from harness.endpoint import validate as validated
from harness.models.clocks import Clock, SkippingClock, given_clock
from harness.scripts import Call, Journal, Script, TurnLike
from harness.scripts.given import script_of
from harness.scripts.parts import CutLike

__all__ = ["FakeProvider"]


class FakeProvider:
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
        now = self.clock.now
        self._glitches = Glitches(self.script, glitches, chaos, now)
        quotas = () if quota is None else (Quotas(quota, now),)
        desks = [other_paths(models)]
        if keys is not None:
            desks.insert(0, key_check(keys))
        if validate:
            desks.append(validated)
        # What a glitch turns down costs nothing; what it spoils has its headers first.
        self.endpoint = Endpoint(
            self._glitches if glitches or chaos else self.script,
            desks=desks,
            gates=(self._glitches.gate, *(one.gate for one in quotas)),
            spoilers=(*(one.spoil for one in quotas), self._glitches.spoil),
            now=now,
            seed=self.script.seed,
        )

    @classmethod
    def load(
        cls,
        name: str | Path,
        *,
        directory: str | Path | None = None,
        **options: Any,
    ) -> Self:
        """A provider that plays the script in ``fakes/<name>.yaml``, or at a path.

        *options* are those that go with one Script. Raises ScriptError if there is
        none, InputError if it cannot be played.
        """
        # Reading files takes pydantic's forms and yaml; a script in Python does not.
        from harness.scripts.files import load_script

        return cls(load_script(name, directory), **options)

    def transport(self) -> Any:
        """A transport for clients of httpx and httpx2, awaited or not."""
        from harness.transports import transport_of

        return transport_of(self.endpoint, self.clock)

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
        """Raise UnusedTurns if there are turns, or glitches, that nothing asked for."""
        self.script.check_exhausted()
        self._glitches.check_exhausted()

    def __repr__(self) -> str:
        """The provider, how much it has left to play, and what it was asked."""
        left = len(self.script.unused())
        turns = "1 turn" if left == 1 else f"{left} turns"
        return f"<FakeProvider, {turns} left. {self.journal.told()}>"
