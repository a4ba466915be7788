"""A chat model that plays a script, and a journal of what it was asked."""

import copy
from collections.abc import Iterator
from typing import Self, overload
from uuid import UUID

from harness.models import ChatModel, Clock, current_run
from harness.models.clocks import given_clock
from harness.models.runs import RunIds
from harness.paths import StrPath
from harness.requests import ChatRequest
from harness.scripts import Journal, Script, TurnLike
from harness.scripts.asserting import Journaled
from harness.scripts.given import script_of
from harness.scripts.parts import CutLike
from harness.steps import Step

__all__ = ["FakeChatModel"]


class FakeChatModel(Journaled, ChatModel):
    """A chat model that answers with *turns*, or with one `Script`.

    The options are those of `Script`; *clock* tells its time, and by default no real
    time passes. Whatever is bound to it or copied from it shares script and journal.
    Raises InputError for turns that cannot be played.

    >>> from harness.scripts import call, say
    >>> model = FakeChatModel(say("Let me look.", call("search", query="sky")), "Blue.")
    >>> agent = model.bind_tools([{"name": "search", "parameters": {}}])
    >>> agent.invoke("What color is the sky?").tool_calls[0]["args"]
    {'query': 'sky'}
    >>> agent.invoke("So?").text, model.calls[0].text, model.calls[0].tools
    ('Blue.', 'What color is the sky?', ['search'])
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
        #: What the model plays.
        self.script = script_of(turns, "FakeChatModel", seed=seed, check=check, cut=cut)
        self.clock = given_clock(clock)
        self._run_ids = RunIds(self.script.seed)

    @classmethod
    def load(
        cls,
        name: StrPath,
        *,
        directory: StrPath | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """A model that plays the script in ``fakes/<name>.yaml``, or at a path.

        *directory* stands for ``fakes/``. Raises ScriptError if there is none,
        InputError if it cannot be played.
        """
        # Reading files takes pydantic's forms and yaml; a script in Python does not.
        from harness.scripts.files import load_script

        return cls(load_script(name, directory), clock=clock)

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """Answer with the turn that the script has for *request*."""
        run = current_run()
        return self.script.play(request, config=None if run is None else run.config)

    def new_run_id(self) -> UUID:
        """The next of the ids that belong to the seed of the script."""
        return self._run_ids.next()

    @property
    def journal(self) -> Journal:
        """The calls, with assertions on them."""
        return self.script.journal

    def check_exhausted(self) -> None:
        """Raise UnusedTurns if there are turns that nothing asked for."""
        self.script.check_exhausted()

    def __deepcopy__(self, memo: object) -> Self:
        """A copy that plays from the same, as every copy does."""
        return copy.copy(self)

    def __repr__(self) -> str:
        """The model, how much it has left to play, and what it was asked."""
        left = len(self.script.unused())
        turns = "1 turn" if left == 1 else f"{left} turns"
        return f"<FakeChatModel, {turns} left. {self.journal.told()}>"
