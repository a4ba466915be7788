"""What is wrong with a cassette: each rule, seen on a file that breaks it."""

import base64
import gzip
import json
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cassettes.conversations import conversation
from harness.checks import Finding, check_file
from harness.chunks import AIMessageChunk
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.wire import DIALECTS

KEY = "gsk_" + "Q7" * 20  # no key of anybody
CHAT = "https://api.groq.com/openai/v1/chat/completions"
JSON = (("content-type", "application/json"),)


def asked(url: str = CHAT, *, stream: bool = False, **more: Any) -> Interaction:
    """Give a recorded chat, whole or streamed, as its own dialect says it."""
    dialect = DIALECTS["openai-chat"]
    request = ChatRequest((HumanMessage("Hi"),), model="m", stream=stream)
    encoder = dialect.encoder()
    steps = [AIMessageChunk("Hello!"), AIMessageChunk(chunk_position="last")]
    said = b"".join([*map(encoder.feed, steps), encoder.close()])
    whole = dialect.write_reply(sum(steps, AIMessageChunk()).to_message())
    given = {
        "request_headers": JSON,
        "request_body": dialect.write_request(request),
        "response_body": said if stream else whole,
        **more,
    }
    return Interaction("POST", url, 200, **given)


def found(text: str | bytes, **options: Any) -> list[str]:
    """Give what is wrong with a file, without its name."""
    data = text.encode() if isinstance(text, str) else text
    told = [str(one) for one in check_file(data, "a.yaml", **options)]
    assert all(one.startswith("a.yaml:") for one in told)
    return [one.removeprefix("a.yaml:") for one in told]


def rules(text: str | bytes, **options: Any) -> list[str]:
    """Give the rules that a file breaks."""
    return [one.split()[2].rstrip(":") for one in found(text, **options)]


GOOD = write_cassette([asked(), asked(stream=True)])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_good_cassette_is_well(pack: Any) -> None:
    """Nothing is said of it, packed or not."""
    assert found(pack(GOOD.encode())) == []


def test_a_conversation_is_well() -> None:
    """Nor of a cassette of messages."""
    request = ChatRequest((HumanMessage("Hi"),))
    said = conversation(request, [AIMessageChunk("Hello!")], [0])

    assert found(write_cassette([said])) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: error damaged: is empty."),
        (b"a\n\xff", "2: error damaged: byte 2 is no UTF-8 (line 2)"),
        (b"\x1f\x8b\x08", "1: error damaged: is damaged gzip"),
        (GOOD[: len(GOOD) // 3], "damaged: "),
        ("interactions:\n- a: [\n", "3: error damaged: line 3 is damaged: "),
        ("interactions: 3\n", "1: error damaged: 'interactions' is 3, not a list"),
        ("jobs: 3\n", "1: error damaged: is no cassette: it has no 'interactions'"),
        (
            "interactions:\n<<<<<<< mine\n=======\n>>>>>>> theirs\n",
            "2: error conflict: line 2: a merge conflict is not resolved ('<<<<<<<')",
        ),
        ("http_interactions: []\n", "1: error foreign: is a recording in the format"),
        ('{"log": {"entries": []}}', "1: error foreign: is a recording in the format"),
    ],
)
def test_a_file_that_cannot_be_read(text: str | bytes, told: str) -> None:
    """One line says what it is, and where."""
    (one,) = found(text)

    assert told in one


def test_an_edit_breaks_the_seal() -> None:
    """It is told with the line of the interaction, and without its URL."""
    (one,) = found(GOOD.replace("Hello!", "Howdy!", 1))

    assert one.startswith(
        "2: error seal: interaction 1 (line 2) was changed after it was recorded"
    )
    assert "api.groq.com" not in one


def test_an_interaction_that_went() -> None:
    """The file knows how many there were."""
    text = write_cassette([asked(), asked()])
    second = text.index("- request:", text.index("- request:") + 1)
    end = text.index("version:")

    assert rules(text[:second] + text[end:]) == ["seal"]


# ---------------------------------------------------------------------- secrets


def test_a_key_is_told_by_its_fingerprint() -> None:
    """Once, with its line and how often it is there; it is not shown."""
    hidden = asked(request_headers=(*JSON, ("authorization", f"Bearer {KEY}")))
    again = asked(f"{CHAT}?key={KEY}")
    (one,) = found(write_cassette([hidden, again]))

    assert one == (
        "7: error secret: groq-key of 44 characters, fingerprint 71d687ec, in 2 "
        "places; harness redact hides it."
    )
    assert KEY[:6] not in one


def vcrpys(asked: str, answered: str, header: str = "") -> str:
    """Give a cassette as vcrpy lays it out; both bodies as they stand there."""
    return (
        "interactions:\n- request:\n"
        f"    body: {asked}\n"
        "    headers:\n      Accept:\n      - '*/*'\n"
        f"{header}"
        "    method: POST\n    uri: https://a.example/v1\n"
        "  response:\n    body:\n"
        f"      {answered}\n"
        "    headers: {}\n    status:\n      code: 200\n      message: OK\n"
        "version: 1\n"
    )


PASSWORD = "hunter7" * 3  # nor that
FOLDED = vcrpys("'{}'", f'string: "{KEY[:30]}\\\n        {KEY[30:]}"')
PACKED = Interaction(
    "GET",
    "https://a.b/",
    200,
    response_headers=(("content-encoding", "deflate"),),
    response_body=zlib.compress(KEY.encode()),
)


@pytest.mark.parametrize(
    "text",
    [
        FOLDED,
        write_cassette([Interaction("GET", "https://a.b/", 200), PACKED]),
        vcrpys("'{}'", f"string: '{KEY}'"),
        vcrpys(f'\'{{"password": "{PASSWORD}"}}\'', "string: ''"),
        vcrpys("null", "string: ''", f"      X-Api-Key:\n      - {PASSWORD}\n"),
        vcrpys("null", f"string: ''\n      # {KEY}"),
        vcrpys("null", "string: ''").replace("v1", f"v1?api_key={PASSWORD}"),
        vcrpys("null", "string: ''").replace(
            "    body:\n      string: ''",
            f"    parsed_body:\n      token:\n        api_key: {PASSWORD}",
        ),
        vcrpys(
            "null",
            "string: !!binary |\n        "
            + base64.b64encode(gzip.compress(KEY.encode())).decode(),
        ),
        f"# {KEY}\n{GOOD}",
        FOLDED.replace("\n", "\r\n"),
        json.dumps(
            {
                "interactions": [
                    {
                        "request": {"method": "GET", "uri": "https://a.b/"},
                        "response": {"status": 200, "body": {"string": said}},
                    }
                    for said in ("", KEY)
                ],
                "version": 1,
            }
        ),
        f"turns:\n- my key is {KEY}\n",
        f"no cassette: {KEY}\n",
    ],
)
def test_a_secret_is_found_in_every_form(text: str) -> None:
    """Folded, packed, parsed, in comments, scripts and what is no cassette."""
    told = [one for one in found(text) if " secret: " in one]

    assert len(told) == 1
    assert not any(KEY[:9] in one or PASSWORD[:9] in one for one in found(text))


def test_damage_shows_no_secret() -> None:
    """What errors quote of a file has none, nor the half of one."""
    item = json.dumps({"request": "x" * 150 + KEY, "x-api-key": PASSWORD})
    for text in (
        f"interactions:\n- {item}\n",
        f"interactions:\n- '{KEY}'\n",
        f"interactions: '{KEY}'\n",
    ):
        told = found(text)

        assert "damaged" in told[0]
        assert not any(KEY[:9] in one or PASSWORD[:9] in one for one in told)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (
            (("openai-organization", "user-abc123"), ("openai-project", "proj-abc")),
            (
                "2: warning identifier: headers that name an account: "
                "openai-organization, openai-project."
            ),
        ),
        (
            (("x", "org-" + "aB3" * 8),),
            "identifier: openai-organization of 28 characters",
        ),
    ],
)
def test_accounts_are_warned_of(headers: Any, told: str) -> None:
    """They are no credentials, and recording would have hidden them."""
    (one,) = found(write_cassette([asked(response_headers=headers)]))

    assert told in one


def test_what_others_hid_is_no_secret() -> None:
    """What recorders write in place of a key is well."""
    for value in ("REDACTED", "**********", "<API_KEY>", "fake-key"):
        header = "".join(
            f"      {name}:\n      - '{value}'\n"
            for name in ("X-Api-Key", "OpenAI-Organization")
        )

        assert found(vcrpys("null", "string: ''", header)) == []


# ------------------------------------------------------------------------ chats


def streamed(body: bytes, **more: Any) -> str:
    """Give a cassette with a stream."""
    return write_cassette([asked(stream=True, response_body=body, **more)])


STREAM = asked(stream=True).response_body


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            streamed(STREAM[: STREAM.index(b'finish_reason":"stop')]),
            "2: error broken: the answer of interaction 1 breaks off: it is not whole.",
        ),
        (
            streamed(b": no\nnonsense\n\n" + STREAM),
            (
                "2: error broken: the stream of interaction 1 breaks openai-chat: "
                "the stream [framing]: 'nonsense' is no field of an event stream."
            ),
        ),
        (
            write_cassette([asked(request_body=b'{"messages": 3}')]),
            "2: warning unreadable: openai-chat: {'messages': 3} is no chat request: ",
        ),
        (
            write_cassette([asked(response_body=b"<html>")]),
            "2: error broken: the answer of interaction 1 breaks off: it is not whole.",
        ),
        (
            write_cassette([asked(response_body=b'{"choices": 3}')]),
            "2: warning unreadable: interaction 1 (line 2): openai-chat: ",
        ),
        (streamed(b"", ended="interrupted"), ""),
        (write_cassette([Interaction("GET", "https://a.b/x", 200)]), ""),
    ],
)
def test_chats(text: str, told: str) -> None:
    """What cannot be read, or is not whole; other traffic may be what it is."""
    assert "\n".join(found(text)).startswith(told)
    assert bool(told) == bool(found(text))


NO_ROLE = STREAM.replace(b'"role":"assistant",', b"")


def test_a_quirk_is_a_note_and_names_who_has_it() -> None:
    """Where an imitator answers; from the provider itself it is a warning."""
    assert NO_ROLE != STREAM
    url = "https://api.openai.com/v1/chat/completions"
    own = write_cassette([asked(url, stream=True, response_body=NO_ROLE)])

    assert found(streamed(NO_ROLE)) == [
        (
            "2: note quirk: the stream of interaction 1 breaks openai-chat: event 1 "
            "[role]: the first delta has the role None: OpenRouter, Ollama, Cloudflare "
            "and others repeat it, or leave it out."
        )
    ]
    assert rules(own) == ["grammar"]


# ------------------------------------------------------------------------ age

OLDEST = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "stale"),
    [
        ({"recorded_at": "2026-02-01T00:00:00Z"}, True),
        ({"recorded_at": "2026-03-02T00:00:00Z"}, False),
        ({"response_headers": (("Date", "Sun, 01 Feb 2026 00:00:00 GMT"),)}, True),
        ({"response_headers": (("Date", "some day"),)}, False),
        ({"recorded_at": "some day"}, False),
        ({}, False),
    ],
)
def test_stale(said: dict[str, Any], stale: bool) -> None:
    """By what the cassette says, else by the date of the answer."""
    text = write_cassette([asked(), asked(**said)])
    line = text.count("\n", 0, text.rindex("- request:")) + 1

    assert found(text) == []
    assert found(text, oldest=OLDEST) == [
        (
            f"{line}: error stale: 1 of 2 recordings are from before 2026-03-01, the "
            "oldest from 2026-02-01."
        )
    ] * int(stale)


def test_a_comment_says_what_is_well() -> None:
    """At the head of the file; it names rules."""
    edited = GOOD.replace("Hello!", "Howdy!", 1)

    assert rules(f"# mine\n# harness: ignore secret, seal\n{edited}") == []
    assert rules(f"# harness: ignore secret\n{edited}") == ["seal"]
    assert rules(f"# harness: ignore secret\n# {KEY}\n{edited}") == ["seal"]


def test_the_fingerprint_is_that_of_the_placeholder() -> None:
    """So that a finding and what hides it can be brought together."""
    from harness.cassettes.placeholders import placeholder

    (one,) = check_file(f"turns: ['{KEY}']".encode(), "a.yaml")

    assert one == Finding("a.yaml", 1, "secret", one.text)
    assert placeholder("groq-key", KEY).rpartition("-")[2] in one.text


def test_real_recordings(recordings: Path) -> None:
    """No stream of a provider's is called broken, and no file raises."""
    counts: dict[str, int] = {}
    for path in sorted(recordings.rglob("*.y*ml")):
        for one in check_file(path.read_bytes(), path.as_posix()):
            counts[one.rule] = counts.get(one.rule, 0) + 1

    assert counts.keys() <= {"foreign", "grammar", "identifier", "quirk", "secret"}
    assert counts["grammar"] < 10 < counts["quirk"]


@pytest.mark.parametrize("url", ["https://a.b:99999999/", "https://[::1/v1/messages"])
def test_a_url_that_is_none(url: str) -> None:
    """No request can find that recording, and it is told without the URL."""
    assert found(write_cassette([asked(url)])) == [
        "2: error damaged: the host or the port of a recorded URL can be none."
    ]
