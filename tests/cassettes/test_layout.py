"""The fast parser of our own layout: whatever it says, YAML says too."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import Interaction, write_cassette
from harness.cassettes.layout import parse_layout
from harness.cassettes.parsing import parse_yaml

HEADERS = (
    ("content-type", "a/b"),
    ("y", 'q"\\'),
    ("x", "1"),
    ("x", "é😀"),
    ("a b", ""),
)
BODIES = (
    b"",
    b"one line",
    b'{"a": [1, {"b": "\xc3\xa9"}], "c": {}}\n',
    b"data: {}\n\ndata: [DONE]\n\n",
    b"\n lead\n\ntail",
    b"\ttab",
    b'data: "x\\\\"\r\n\r\n b \r\n',
    b"\xff" * 99,
)

#: What a hand, or chance, may put anywhere.
BITS = (
    *'\n "\\|-#:\t\r{}[],~02%+y\x85é',
    *("  ", "- ", ": ", "\\\n", "\n\n", "yes", "&a ", "*a", "!!str ", "? ", "---\n"),
    *("...\n", "\\ud83d", "\\x41", "\\/", "''", "\n        ", "\n      ", "\u2028"),
    *("\\\\", "=", "<<: ", "\ufeff", "# ", "\n       "),
)


def interactions(chance: Random) -> list[Interaction]:
    """Give one or two interactions that use all that the layout has."""
    found = []
    for _ in range(chance.randrange(1, 3)):
        body = chance.choice(BODIES)
        cut = chance.randrange(len(body) + 1)
        found.append(
            Interaction(
                "POST",
                "https://a.b/?c=d",
                200,
                request_headers=HEADERS[: chance.randrange(6)],
                request_body=chance.choice(BODIES),
                response_headers=HEADERS[: chance.randrange(6)],
                response_body=body,
                response_chunks=chance.choice([None, (body[:cut], body[cut:])]),
                failure=chance.choice(["", "ReadTimeout: é"]),
                reason=chance.choice(["", "OK", "no", "Not Found"]),
            )
        )
    return found


def damaged(text: str, chance: Random) -> str:
    """Give the text with something put in, taken out or moved."""
    if chance.random() < 0.2:
        lines = text.splitlines(keepends=True)
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return "".join(lines)
    start = chance.randrange(len(text) + 1)
    end = start + chance.choice([0, 0, 1, 1, 2, 7])
    return text[:start] + chance.choice(BITS) + text[end:]


@given(st.integers(0, 2**32))
def test_it_says_what_yaml_says(seed: int) -> None:
    """Whole or damaged: the same value and lines, or nothing."""
    chance = Random(seed)  # noqa: S311 - tests need no secrets
    text = write_cassette(interactions(chance))

    for variant in (text, *(damaged(text, chance) for _ in range(20))):
        found = parse_layout(variant)

        if found is not None:
            assert found == parse_yaml(variant, "it")
            assert repr(found[0]) == repr(parse_yaml(variant, "it")[0])
        assert found is not None or variant != text


@pytest.mark.parametrize(
    "old_and_new",
    [
        ("interactions", "interaction"),
        ("method: POST", "method: yes"),
        ("code: 200", "code: 020"),
        ("version: 1", "version: 2"),
        ("count: 1", "count: 01"),
        ('uri: "', 'uri: "\\udc00'),
        ('uri: "', 'uri: "\\q'),
        ("      x: ", '      x: ["2"]\n      x: '),
        ("      x: ", f'      "{"x" * 200}": '),
        ("string: |-", "string: >-"),
        ("string: |-\n        ", "string: |-\n         "),
        ("string: |-\n        ", "string: |-\n\n        "),
        ("string: |-\n        {", "string: |-\n        { "),
        ("          ]", "          ] "),
        ("chunks: [[", "chunks: [[0"),
        ("  response:", "  answer:"),
        ("recorded:", "record:"),
        ("\n      seal:", "\n      seal: a\n      seal:"),
    ],
)
def test_what_we_do_not_write(old_and_new: tuple[str, str]) -> None:
    """It is left to YAML, whether that takes it or not."""
    body = json.dumps({"a": [1]}).encode()
    found = Interaction(
        "POST",
        "u",
        200,
        request_headers=HEADERS[2:4],
        response_body=body,
        response_chunks=(body,),
        chunk_times=(3,),
    )
    text = write_cassette([found])

    changed = text.replace(*old_and_new)

    assert changed != text
    assert parse_layout(text) == parse_yaml(text, "it")
    assert parse_layout(changed) is None or old_and_new[0] == "string: |-\n        {"


def test_comments_at_the_start() -> None:
    """They are passed over, and counted."""
    text = "# One.\n# Two.\n" + write_cassette([Interaction("GET", "u", 200)])

    assert parse_layout(text) == parse_yaml(text, "it")
    assert parse_yaml(text, "it")[1] == [4]
