"""A request through httpx, answered with the one recording of n that is its own.

All compare method, address and body; vcrpy and pytest-httpx run in processes of their
own. respx and pytest-httpx have no recordings, but a reply by hand for each body.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import respx
from exchanges import KEYED, URL, chats, plain, write_ours
from machine import named
from measuring import Side, cpu, rounds
from peers import pytest_httpx, vcrpys
from tables import OURS, Line, Subject
from talking import Peer

from harness import FakeProvider, say
from harness.cassettes.interactions import Interaction
from harness.recording import use_cassette

PEERS = ("httpx", "vcrpy", "respx", "pytest-httpx")
FLOOR = f"MockTransport of {named('httpx')}"
RESPX = named("respx")
PYTEST_HTTPX = named("pytest-httpx")
SIZES = (10, 100, 1_000, 3_000)
#: Setting up more routes of respx takes minutes.
BY_HAND = 1_000
ASKED = 40
#: Of what takes longer the more there is.
ASKED_SLOWLY = 3


def rows(*, quick: bool) -> Iterator[Line]:
    """Replay beside all peers, and the turns of a script beside replies by hand."""
    sizes = [size for size in SIZES if size <= BY_HAND or not quick]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        recorders = dict(stack.enter_context(vcrpys()))
        by_hand = stack.enter_context(pytest_httpx())
        count, taken = 3 if quick else 5, {}
        for size in sizes:
            given = chats(size)
            sides = stubs(given, by_hand) if size <= BY_HAND else {}
            taken[size] = replayed(folder, given, sides, recorders, count)
            yield from of_size(Subject("replaying", "a recording"), taken, size)
        yield from Subject("replaying", "a recording").growths(
            taken, "<= 1.2x a decade"
        )
        keyed = replayed(folder, chats(1_000, KEYED), {}, recorders, count)
        subject = Subject("replaying", "a recording, a key in the address")
        yield from of_size(subject, {1_000: keyed}, 1_000)
        yield from scripted(by_hand, count)


def of_size(
    subject: Subject, taken: dict[int, dict[str, list[float]]], size: int
) -> Iterator[Line]:
    """Give the rows of a size."""
    yield from subject.rows(taken[size], size, {FLOOR: "<= 3x the cost"})


def replayed(
    folder: Path,
    given: list[Interaction],
    others: dict[str, Side],
    recorders: dict[str, Peer],
    count: int,
) -> dict[str, list[float]]:
    """Race the recorders, the floor, and *others*."""
    few = spaced(given, ASKED_SLOWLY)
    path = write_ours(folder / "replayed.yaml", given)
    theirs = str(folder / "vcrpy-replayed.yaml")
    with ExitStack() as stack:
        stack.enter_context(use_cassette(path, on_repeat="cycle"))
        client = stack.enter_context(httpx.Client())
        floor = stack.enter_context(httpx.Client(transport=dictionary(given)))
        sides: dict[str, Side] = {
            OURS: partial(ask, client, spaced(given, ASKED)),
            FLOOR: partial(ask, floor, spaced(given, ASKED)),
            **others,
        }
        for name, peer in recorders.items():
            peer.make(theirs, [plain(one) for one in given])
            peer.begin(theirs)
            sides[name] = partial(peer.replay, [plain(one) for one in few])
        seldom = dict.fromkeys(recorders, 2) if len(given) > BY_HAND else None
        taken = rounds(sides, count, warm=1, most=seldom)
        for peer in recorders.values():
            peer.end()
    return taken


def spaced(given: list[Interaction], count: int) -> list[Interaction]:
    """Give *count* of them that lie evenly among all."""
    return [given[(2 * n + 1) * len(given) // (2 * count)] for n in range(count)]


def ask(client: httpx.Client, given: list[Interaction]) -> float:
    """Ask for what was recorded, and read the answer."""
    headers = [list(one.request_headers) for one in given]

    def run() -> None:
        for one, said in zip(given, headers, strict=True):
            answer = client.post(one.url, content=one.request_body, headers=said)
            assert answer.content == one.response_body

    return cpu(run) / len(given)


# ---------------------------------------------------------------- replies by hand


def dictionary(given: list[Interaction]) -> httpx.MockTransport:
    """The least that can be done: answers by the bytes of the body."""
    answers = {one.request_body: one for one in given}

    def answered(request: httpx.Request) -> httpx.Response:
        return reply(answers[request.read()])

    return httpx.MockTransport(answered)


def reply(one: Interaction) -> httpx.Response:
    """Give the answer of a recording."""
    return httpx.Response(
        one.status, headers=list(one.response_headers), content=one.response_body
    )


def stubs(given: list[Interaction], by_hand: Peer) -> dict[str, Side]:
    """Give respx with a route, and pytest-httpx with a reply, for each body."""
    few = spaced(given, ASKED_SLOWLY)
    router = respx.Router(assert_all_called=False)
    for one in given:
        route = router.post(one.url, content=one.request_body)
        route.mock(return_value=reply(one))
    client = httpx.Client(transport=httpx.MockTransport(router.handler))
    by_hand.make([plain(one) for one in given])
    return {
        RESPX: partial(ask, client, few),
        PYTEST_HTTPX: partial(by_hand.replay, [plain(one) for one in few]),
    }


def scripted(by_hand: Peer, count: int) -> Iterator[Line]:
    """The turn of n that is for this request, from a fake in place of a recording."""
    subject = Subject("replaying", "a turn of a script, chosen by its words")
    taken = {}
    for size in (10, 100, 1_000):
        given = chats(size)
        turns = [
            say(f"Sunny, {n} degrees.", when=f"in town {n}?", times="forever")
            for n in range(size)
        ]
        fake = FakeProvider(*turns, validate=False)
        with httpx.Client(transport=fake.transport()) as client:
            played = partial(chat, client, spaced(given, ASKED_SLOWLY))
            sides = {OURS: played, **stubs(given, by_hand)}
            taken[size] = rounds(sides, count, warm=1)
        yield from subject.rows(taken[size], size)
    yield from subject.growths(taken)


def chat(client: httpx.Client, given: list[Interaction]) -> float:
    """Ask a fake."""
    headers = {"content-type": "application/json"}

    def run() -> None:
        for one in given:
            answer = client.post(URL, content=one.request_body, headers=headers)
            assert answer.status_code == 200, answer.text

    return cpu(run) / len(given)
