"""The source that plays turns. In: a request. Out: the steps of the turn it gets.

A request gets the first turn, in the order they are written, that is not used up and
whose condition applies; so turns without conditions are played one after the other,
and a turn whose condition does not apply waits. Nothing is played again unless a turn
says so.
"""

import inspect
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any, Self

from harness.chunks import AIMessageChunk
from harness.errors import (
    InputError,
    ModelError,
    ScriptError,
    ScriptExhausted,
    UnusedTurns,
    shown,
)
from harness.requests import ChatRequest
from harness.scripts.answers import made_up
from harness.scripts.checks import broken_rules
from harness.scripts.cutting import ARGUMENTS, _cut_of
from harness.scripts.endings import ending
from harness.scripts.journal import Call, Journal
from harness.scripts.limits import ended
from harness.scripts.parts import (
    Auto,
    Compute,
    CutLike,
    Failure,
    Said,
    ScriptedCall,
    Steps,
    Turn,
    failure_of,
    step_of,
)
from harness.scripts.pickles import Pickled
from harness.scripts.plans import Facts, Plan, facts_of, planned
from harness.scripts.turns import TurnLike, as_turn
from harness.steps import Fault, Pause, Step

__all__ = ["Script"]


class Script(Pickled):
    """Turns to be played, one for each request, and the journal of it.

    *turns* are given one by one or as one list. *seed* is where ids and made-up answers
    come from; *cut* and *arguments_cut* are how turns are cut that do not say it. With
    *check* a turn that contradicts the request it answers is a ScriptError, kept among
    the *violations* too. Raises InputError for turns that cannot be played.

    >>> script = Script(["Hello!", "Bye."])
    >>> script.play(ChatRequest(())), len(script.journal)
    (<generator object ...>, 1)
    """

    def __init__(
        self,
        *turns: TurnLike | Sequence[TurnLike],
        seed: int = 0,
        cut: CutLike = "words",
        arguments_cut: CutLike = ARGUMENTS,
        check: bool = True,
    ) -> None:
        if type(seed) is not int:
            raise InputError(f"seed={seed!r}: give a whole number.")
        if type(check) is not bool:
            raise InputError(f"check={shown(check)}: give True or False.")
        listed: Sequence[Any] = turns
        if len(turns) == 1 and isinstance(turns[0], list | tuple):
            listed = turns[0]
        self.turns = tuple(as_turn(turn) for turn in listed)
        self.seed = seed
        self.check = check
        self.journal = Journal()
        self.violations: list[ScriptError] = []
        self._cuts = _cut_of(cut), _cut_of(arguments_cut)
        self._lock = RLock()
        self._left: list[int | None] = [turn.times for turn in self.turns]
        self._first = self._calls = 0
        self._plans = [self._prepared(n) for n in range(len(self.turns))]
        self._check_reach()

    def play(self, request: ChatRequest, *, config: object = None) -> Iterator[Step]:
        """Decide which turn answers *request*, and give its steps as they are taken.

        *config* is noted in the journal. Raises ScriptExhausted when all turns were
        played, ScriptError when none applies or the turn contradicts the request.
        """
        with self._lock:
            entry = self.journal._note(request, config)
            try:
                number = self._next(request)
                entry._turn = number + 1
                steps = self._answer(entry, number, request)
            except BaseException as error:
                entry._error = error
                if isinstance(error, ScriptError):
                    self.violations.append(error)
                raise
        return _played(entry, steps)

    def unused(self) -> list[Turn]:
        """The turns that have yet to be asked for; those "forever" never have to."""
        return [turn for turn, left in zip(self.turns, self._left, strict=True) if left]

    def left(self) -> list[str]:
        """The same as lines that say where each turn stands, and what it says."""
        return [self._named(n) for n, times in enumerate(self._left) if times]

    def check_exhausted(self) -> None:
        """Raise UnusedTurns if there are turns that were never asked for."""
        if left := self.left():
            turns = _turns(len(self.turns))
            lines = "".join(f"\n  {line}" for line in left)
            raise UnusedTurns(
                f"{len(left)} of {turns} were never asked for:{lines}\n"
                f"Let the application ask, or remove them. {self.journal.told()}"
            )

    def fresh(self, turns: Sequence[TurnLike] | None = None) -> Self:
        """The same turns, or others in their place, none of them played yet."""
        cut, arguments_cut = self._cuts
        return type(self)(
            list(self.turns if turns is None else turns),
            seed=self.seed,
            cut=cut,
            arguments_cut=arguments_cut,
            check=self.check,
        )

    # ---------------------------------------------------------------- choosing

    def _next(self, request: ChatRequest) -> int:
        for number in range(self._first, len(self.turns)):
            left, when = self._left[number], self.turns[number].when
            if left == 0 or (when is not None and not when.applies(request)):
                continue
            if left is not None:
                self._left[number] = left - 1
            while self._first < len(self._left) and self._left[self._first] == 0:
                self._first += 1
            return number
        raise self._nothing(request)

    def _nothing(self, request: ChatRequest) -> ScriptError:
        asked = shown(request.messages[-1].text) if request.messages else "nothing"
        if not self.turns:
            return ScriptExhausted(
                f"The script has no turns, and is asked {asked}. Give it one for each "
                "call: FakeChatModel('Hello!')."
            )
        waiting = [n for n, left in enumerate(self._left) if left != 0]
        if not waiting:
            return ScriptExhausted(
                f"The script has {_turns(len(self.turns))}, all played, and is asked "
                f"{asked} in call {len(self.journal)}. Add a turn for it, or let one "
                "be played again: say(..., times='forever')."
            )
        lines = "".join(f"\n  {self._named(n)}" for n in waiting)
        return ScriptError(
            f"No turn of the script applies to {asked} in call {len(self.journal)}. "
            f"Left are:{lines}\nMend a condition, or add a turn without one."
        )

    def _named(self, number: int) -> str:
        turn = self.turns[number]
        when = f", when {turn.when}" if turn.when else ""
        return f"{self._place(number)}: {_described(turn)}{when}"

    def _place(self, number: int) -> str:
        place = self.turns[number].place
        return f"turn {number + 1}{f' ({place})' if place else ''}"

    def _check_reach(self) -> None:
        for number, turn in enumerate(self.turns[:-1]):
            if turn.times is None and turn.when is None:
                raise InputError(
                    f"{self._place(number + 1)} can never be played: "
                    f"{self._place(number)} answers everything, forever. Give that one "
                    "a condition (when=...), a number of times, or the last place."
                )

    # --------------------------------------------------------------- answering

    def _prepared(self, number: int) -> Plan | Facts | None:
        match self.turns[number].answer:
            case Said() as said:
                try:
                    return self._planned(said)
                except InputError as error:
                    raise InputError(f"{self._place(number)}: {error}") from None
            case Steps(steps=steps):
                return facts_of(steps)
            case _:
                return None

    def _planned(self, said: Said) -> Plan:
        return planned(said, *self._cuts)

    def _answer(self, entry: Call, number: int, request: ChatRequest) -> Iterator[Step]:
        turn, prepared = self.turns[number], self._plans[number]
        made_id = f"msg_{self._of_seed()}{entry.index + 1}"
        if isinstance(turn.answer, Compute):
            computed = _computed(turn.answer, request)
            if isinstance(computed, Generator):
                return self._generated(number, request, computed, made_id)
            made = as_turn(computed)
            if isinstance(made.answer, Compute):
                raise InputError(
                    f"turn {number + 1}: the function gave another function, "
                    f"{shown(computed)}. Let it give what is said."
                )
            turn = replace(made, misbehaving=made.misbehaving or turn.misbehaving)
            prepared = None
        answer = turn.answer
        if isinstance(answer, Steps):
            facts = prepared if isinstance(prepared, Facts) else facts_of(answer.steps)
            self._check(number, facts, request, turn)
            return _stepped(answer.steps, stream=request.stream)
        if isinstance(answer, Auto):
            answer = made_up(answer, request, self.seed + entry.index)
            prepared = None
        assert isinstance(answer, Said)  # noqa: S101 - the other kinds are done
        plan = prepared if isinstance(prepared, Plan) else self._planned(answer)
        facts = plan.facts
        if not turn.misbehaving:
            cut_off = ended(answer, request)
            if cut_off is not answer:
                plan, answer = self._planned(cut_off), cut_off
                # What a limit cuts off owes nothing; what was to be said counts.
                limit = answer.finish == "length"
                facts = replace(facts, complete=False) if limit else plan.facts
        self._check(number, facts, request, turn)
        play = plan.streamed if request.stream else plan.whole
        ids = [self._call_id() if given is None else given for given in plan.ids]
        return play(ending(answer.id or made_id, answer, plan, request), ids)

    def _call_id(self) -> str:
        self._calls += 1
        return f"call_{self._of_seed()}{self._calls}"

    def _of_seed(self) -> str:
        return f"{self.seed}_" if self.seed else ""

    def _check(
        self, number: int, facts: Facts, request: ChatRequest, turn: Turn
    ) -> None:
        if not self.check or turn.misbehaving:
            return
        if broken := broken_rules(facts, request):
            lines = "".join(f"\n  {line}" for line in broken)
            raise ScriptError(
                f"The script contradicts the request in {self._named(number)}.{lines}\n"
                "Mend the turn, or what the application asks; a model that misbehaves "
                "on purpose is say(..., misbehaving=True)."
            )

    def _generated(
        self,
        number: int,
        request: ChatRequest,
        values: Generator[object],
        id: str,
    ) -> Iterator[Step]:
        """The steps of a function that yields them, checked at their end."""
        seen: list[Step] = []
        try:
            for value in values:
                step = step_of(value)
                if isinstance(step, AIMessageChunk):
                    step = step.identified(id)
                seen.append(step)
                yield step
                if isinstance(step, Fault):
                    return
        except ModelError as error:
            yield failure_of(error).fault
            return
        finally:
            values.close()
        facts = facts_of(seen)
        try:
            self._check(number, facts, request, self.turns[number])
        except ScriptError as error:
            self.violations.append(error)
            raise
        if not any(isinstance(s, AIMessageChunk) and s.chunk_position for s in seen):
            said = Said((), finish="tool_calls" if facts.calls else "stop", usage=None)
            plan = self._planned(said)
            yield AIMessageChunk()._also(ending(id, said, plan, request))


def _played(entry: Call, steps: Iterator[Step]) -> Iterator[Step]:
    """Play *steps*, and note them in the journal."""
    taken = entry._steps
    try:
        for step in steps:
            taken.append(step)
            yield step
        entry._finished = True
    except Exception as error:
        entry._error = error
        raise
    finally:
        if inspect.isgenerator(steps):  # a tuple's iterator is not to be closed
            steps.close()


def _computed(compute: Compute, request: ChatRequest) -> object:
    try:
        value = compute.function(request)
    except ModelError as error:
        return failure_of(error)
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise InputError(
            f"{shown(compute.function)} is asynchronous. The function of a turn is a "
            "plain one; a pause is pause(seconds)."
        )
    return value


def _stepped(steps: Sequence[Step], *, stream: bool) -> Iterator[Step]:
    """Steps as they are; a whole reply that fails has nothing before its fault."""
    broken = not stream and any(isinstance(step, Fault) for step in steps)
    for step in steps:
        if not (broken and isinstance(step, AIMessageChunk)):
            yield step
        if isinstance(step, Fault):
            return


def _described(turn: Turn) -> str:
    match turn.answer:
        case Said(parts=parts):
            return ", ".join(_part(part) for part in parts) or "nothing"
        case Auto():
            return "auto()"
        case Compute(function=function):
            return f"{getattr(function, '__name__', function)}(request)"
        case Steps(steps=steps):
            return f"{len(steps)} given steps"


def _part(part: object) -> str:
    match part:
        case ScriptedCall(name=name):
            return f"call of {name}"
        case Failure(fault=fault):
            return f"failure: {fault.message}"
        case Pause(seconds=seconds):
            return f"pause of {seconds} s"
        case _:
            block = getattr(part, "block", {})
            key = "reasoning" if block["type"] == "reasoning" else "text"
            return shown(block[key], limit=60) if key in block else f"a {block['type']}"


def _turns(number: int) -> str:
    return "1 turn" if number == 1 else f"{number} turns"
