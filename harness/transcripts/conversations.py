"""Exchanges that go on with one another, told by what each request repeats."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.messages import AIMessage, Message, ToolMessage
from harness.transcripts.exchanges import Exchange
from harness.values import canonical

__all__ = ["Conversation", "conversations"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Exchanges, each of which repeats what was said before and goes on.

    *fresh* has for each of them the messages that are new: those of the request that
    neither an earlier exchange sent, nor the model answered.
    """

    exchanges: tuple[Exchange, ...]
    fresh: tuple[tuple[Message, ...], ...] = field(repr=False)


class _Growing:
    """A conversation that may go on."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.fresh: list[tuple[Message, ...]] = []


def conversations(exchanges: Iterable[Exchange]) -> list[Conversation]:
    """The chats among *exchanges* as conversations, in the order in which they began.

    A request goes on with the last exchange whose messages and answer it begins with;
    ids, and what a provider adds to a message, do not count. The turns of a script are
    one conversation.
    """
    ended: dict[int, _Growing] = {}
    found: list[_Growing] = []
    for exchange in exchanges:
        if not exchange.dialect:
            continue
        asked = exchange.request.messages if exchange.request else ()
        said = _prefixes(asked)
        known = next((n for n in range(len(asked), -1, -1) if said[n] in ended), None)
        if known is None:
            found.append(growing := _Growing())
        else:
            growing = ended.pop(said[known])
        growing.exchanges.append(exchange)
        growing.fresh.append(asked[known or 0 :])
        if exchange.request is None:
            ended[said[0]] = growing
        elif exchange.answer is not None and exchange.fault is None:
            ended[_with(said[-1], exchange.answer)] = growing
    return [Conversation(tuple(one.exchanges), tuple(one.fresh)) for one in found]


def _prefixes(messages: Iterable[Message]) -> list[int]:
    """A hash of the first messages, for each number of them."""
    said = [0]
    for message in messages:
        said.append(_with(said[-1], message))
    return said


def _with(before: int, message: Message) -> int:
    calls: list[tuple[str, str]] = []
    if isinstance(message, AIMessage):
        calls = [(call["name"], canonical(call["args"])) for call in message.tool_calls]
    kind = "tool" if isinstance(message, ToolMessage) else message.type
    return hash((before, kind, message.text.strip(), tuple(calls)))
