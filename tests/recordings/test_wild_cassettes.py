"""Recordings of many projects, played to httpx: right, in order, and to nobody else.

What is not as it stands in the file, and why:

| how many | what | why |
|---|---|---|
| 4 answers | have no content-encoding | the recorder had undone it: it was not true |
| 13 answers | ask to try again at once | replay does not wait; "recorded" keeps it |
| 35 requests | have no messages that a miss could name | no chats: embeddings, files |
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from harness.cassettes import Interaction
from harness.cassettes.http_requests import HttpRequest, Matching, request_of
from harness.cassettes.interactions import decoded_request
from harness.cassettes.tape import Tape
from harness.errors import CassetteError, UnrecordedRequest
from harness.messages import Message
from harness.recording import block_network, use_cassette
from harness.wire import dialect_of

#: The forms that are read, and how many files have each.
READ = {
    "vcrpy": 75,
    "vcrpy-parsed_body": 43,
    "cassetter": 7,
    "vcrpy-httpx-stub": 5,
    "langchain-requests-responses": 4,
    "vcrpy-noversion": 1,
}
WAITING = {"retry-after", "retry-after-ms", "x-ms-retry-after-ms"}
EDIT = " (edited)"

Answer = tuple[int, list[tuple[str, str]], bytes]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows(recordings: Path) -> list[Row]:
    """Give what is known of each file."""
    lines = (recordings / "manifest.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def files(recordings: Path, rows: list[Row]) -> dict[str, Path]:
    """Give the files of the forms that are read."""
    names = [row["file"] for row in rows if row["dialect"] in READ]
    return {name: recordings / name for name in names}


@pytest.fixture(scope="module")
def known(exchanges: list[Any]) -> dict[str, list[Any]]:
    """Give what another reader found in each file."""
    found = defaultdict(list)
    for exchange in exchanges:
        found[exchange.file].append(exchange)
    return found


def play(path: Path) -> tuple[list[tuple[Interaction, Answer]], list[Interaction]]:
    """Ask httpx for all that was recorded, in order; also say what was left over."""
    with block_network(), use_cassette(path) as tape, httpx.Client() as client:
        answers = []
        for one in tape.interactions:
            said = client.request(
                one.method,
                one.url,
                headers=[*one.request_headers],
                content=one.request_body,
            )
            answers.append((one, read(said)))
        return answers, tape.unused()


def play_async(
    path: Path,
) -> tuple[list[tuple[Interaction, Answer]], list[Interaction]]:
    """Ask httpx2 in a task."""

    async def run() -> Any:
        async with use_cassette(path) as tape, httpx2.AsyncClient() as client:
            answers = []
            for one in tape.interactions:
                said = await client.request(
                    one.method,
                    one.url,
                    headers=[*one.request_headers],
                    content=one.request_body,
                )
                answers.append((one, read(said)))
            return answers, tape.unused()

    with block_network():
        return asyncio.run(run())


def read(said: Any) -> Answer:
    """Give status, headers and decoded body of an answer."""
    headers = [
        (name.decode(), text.decode("latin-1")) for name, text in said.headers.raw
    ]
    return said.status_code, headers, said.content


# ---------------------------------------------------------------------- right answers


@pytest.fixture(
    scope="module", params=[play, play_async], ids=["httpx", "httpx2, async"]
)
def played(request: pytest.FixtureRequest, files: dict[str, Path]) -> dict[str, Any]:
    """Give the answers of each file, and what was left over."""
    return {name: request.param(path) for name, path in files.items()}


def test_every_interaction_plays_in_order(
    played: dict[str, Any], known: dict[str, list[Any]]
) -> None:
    """Status and body are those that were recorded, and nothing is left over."""
    wrong = []
    count = 0
    for name, (answers, left) in played.items():
        wrong += [f"{one.place}: not played" for one in left]
        for (one, (status, _, body)), exchange in zip(
            answers, known[name], strict=True
        ):
            count += 1
            if (status, body) != (exchange.status, exchange.response):
                wrong.append(f"{one.place}: {status} {body[:60]!r}")

    assert wrong == []
    assert count == 336


def test_headers_are_those_of_the_file(
    played: dict[str, Any], known: dict[str, list[Any]]
) -> None:
    """But for a coding that was undone, and for how long to wait; see above."""
    counts: Counter[str] = Counter()
    wrong = []
    for name, (answers, _) in played.items():
        for (one, (_, headers, _)), exchange in zip(answers, known[name], strict=True):
            said = {header.lower(): text for header, text in headers}
            counts["waits"] += headers != [*one.response_headers]
            for header in exchange.headers.keys() - said.keys():
                counts[header] += 1
            if without_waits(headers) != without_waits(one.response_headers):
                wrong.append(f"{one.place}: {headers}")
            for header, text in said.items():
                if header not in WAITING and text != exchange.headers.get(header):
                    wrong.append(f"{one.place}: {header}: {text}")

    assert wrong == []
    assert counts == {"waits": 13, "content-encoding": 4}


def without_waits(headers: Any) -> list[tuple[str, str]]:
    """Leave out how long a client is to wait."""
    return [pair for pair in headers if pair[0].lower() not in WAITING]


def test_equal_requests_have_different_answers(files: dict[str, Path]) -> None:
    """Each is given in its turn, and a request more is a miss."""
    matching = Matching.read()
    repeated = 0
    for path in files.values():
        tape = Tape(path)
        asked = defaultdict(list)
        for one in tape.interactions:
            asked[matching.key(request_of(one))].append(one)
        for same in asked.values():
            if len({one.response_body for one in same}) < 2:
                continue
            repeated += 1
            request = request_of(same[0])
            assert [tape.answer(request) for _ in same] == same
            with pytest.raises(UnrecordedRequest, match="played already"):
                tape.answer(request)

    assert repeated == 17


def test_forms_are_all_there(rows: list[Row]) -> None:
    """Stock vcrpy plays fewer than six of ten; what it fails on is among them."""
    family = [row for row in rows if row["dialect"] in READ]
    stock = [row for row in family if row["vcrpy_replay"] == "same"]

    assert Counter(row["dialect"] for row in family) == READ
    assert len(stock) < 0.6 * len(family)


# ---------------------------------------------------------------------- wrong prompts


@pytest.fixture(scope="module")
def tapes(files: dict[str, Path]) -> list[Tape]:
    """Give all files, open, to tests whose requests are all refused."""
    return [Tape(path) for path in files.values()]


def chats(tape: Tape) -> Iterator[tuple[int, Interaction, Any, Any]]:
    """Give each chat of a cassette: number, recording, wire format, request."""
    for n, one in enumerate(tape.interactions):
        if (dialect := dialect_of(one.url)) is not None:
            chat = dialect.read_request(decoded_request(one), one.url)
            yield n, one, dialect, chat


def edited(message: Message) -> Message | None:
    """Give *message* with an edited text; None if it has none."""
    content = message.content
    if isinstance(content, str):
        return (
            message.model_copy(update={"content": content + EDIT}) if content else None
        )
    for k, block in enumerate(content):
        if (
            isinstance(block, dict)
            and block.get("type") == "text"
            and block.get("text")
        ):
            said = {**block, "text": block["text"] + EDIT}
            rest = [*content[:k], said, *content[k + 1 :]]
            return message.model_copy(update={"content": rest})
    return None


def edit(chat: Any, number: int) -> tuple[int, Any]:
    """Give *chat* with one message edited: *number*, or the next that has text."""
    count = len(chat.messages)
    for k in ((number + step) % count for step in range(count)):
        if (message := edited(chat.messages[k])) is not None:
            messages = (*chat.messages[:k], message, *chat.messages[k + 1 :])
            return k + 1, replace(chat, messages=messages)
    raise AssertionError("A chat without any text.")


def test_edited_prompt_has_no_answer(tapes: list[Tape]) -> None:
    """The miss names the one message that was edited."""
    wrong = []
    counts: Counter[str] = Counter()
    for tape in tapes:
        for n, one, dialect, chat in chats(tape):
            place, other = edit(chat, n)
            body = dialect.write_request(other)
            asked = HttpRequest(one.method, one.url, one.request_headers, body)
            counts["asked"] += 1
            try:
                tape.answer(asked)
            except UnrecordedRequest as error:
                if f"  message {place} (" not in str(error):
                    wrong.append(f"{one.place}: {error}")
            else:
                wrong.append(f"{one.place}: answered")
        counts["no chat"] += len(tape.interactions)

    assert wrong == []
    assert counts["asked"] == 301
    assert counts["no chat"] - counts["asked"] == 35


def spoiled(body: bytes, number: int) -> bytes:
    """Give *body* with one of its texts edited; with more, if it has none."""
    try:
        value = json.loads(body)
    except ValueError:
        return body + EDIT.encode()
    places: list[tuple[Any, Any]] = []

    def walk(inside: Any) -> None:
        items = inside.items() if isinstance(inside, dict) else enumerate(inside)
        for key, one in items:
            if isinstance(one, str):
                places.append((inside, key))
            elif isinstance(one, dict | list):
                walk(one)

    root = [value]
    walk(root)
    if not places:
        return json.dumps([value, EDIT]).encode()
    inside, key = places[number % len(places)]
    inside[key] += EDIT
    return json.dumps(root[0]).encode()


def test_edited_request_of_any_kind_has_no_answer(tapes: list[Tape]) -> None:
    """Whichever text of it: names of models and tools, embeddings, files, schemas."""
    answered, refused = [], 0
    for tape in tapes:
        for n, one in enumerate(tape.interactions):
            if not one.request_body:
                continue
            body = spoiled(decoded_request(one), 7 * n + refused)
            try:
                tape.answer(HttpRequest(one.method, one.url, (), body))
            except UnrecordedRequest:
                refused += 1
            else:
                answered.append(one.place)

    assert answered == []
    assert refused == 329


def test_swapped_prompt_has_no_answer(tapes: list[Tape]) -> None:
    """Prompts of other files, asked where a chat in their wire format was answered."""
    prompts: dict[str, set[bytes]] = defaultdict(set)
    for tape in tapes:
        for _, one, dialect, _ in chats(tape):
            prompts[dialect.name].add(canonical(one))
    answered, refused = [], 0

    for tape in tapes:
        own = {canonical(one) for one in tape.interactions}
        for n, one, dialect, _ in chats(tape):
            others = sorted(prompts[dialect.name] - own)
            body = others[(31 * n + refused) % len(others)]
            try:
                tape.answer(HttpRequest(one.method, one.url, (), body))
            except UnrecordedRequest:
                refused += 1
            else:
                answered.append(one.place)

    assert answered == []
    assert refused == 301


def test_order_of_different_prompts_is_free(files: dict[str, Path]) -> None:
    """Asked backwards, each still has an answer to its own prompt."""
    for path in files.values():
        tape = Tape(path)
        for one in reversed(tape.interactions):
            answer = tape.answer(request_of(one))

            assert answer is not None
            assert (answer.method, answer.url) == (one.method, one.url)
            assert canonical(answer) == canonical(one)
        assert tape.unused() == []


def canonical(one: Interaction) -> bytes:
    """Give the body of a request, JSON in one spelling."""
    body = decoded_request(one)
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except ValueError:
        return body


# ----------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("mode", ["none", "new_episodes"])
def test_others_are_refused_before_anything_is_asked(
    recordings: Path, rows: list[Row], tmp_path: Path, mode: str
) -> None:
    """The error names the format; a file that cannot be read is not written over."""
    refused = 0
    for row in rows:
        if row["dialect"] in READ:
            continue
        file = tmp_path / Path(row["file"]).name
        data = (recordings / row["file"]).read_bytes()
        file.write_bytes(data)

        with pytest.raises(CassetteError, match="in the format of "):
            Tape(file, mode)

        assert file.read_bytes() == data
        file.unlink()
        refused += 1

    assert refused == 123
    assert [*tmp_path.iterdir()] == []
