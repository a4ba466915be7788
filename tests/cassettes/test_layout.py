"""The fast parser of our own layout: whatever it says, YAML says too."""

import json
import re
from dataclasses import fields
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import Interaction, write_cassette
from harness.cassettes.entries import interaction_of
from harness.cassettes.layout import read_layout
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
    b'{"a":": b, c","\\"d, ": [1,{}], "e": ",\\n"}',
    b'{"a":": b, c","\\"d, ":[1.0,{}],"e":" \\u00e9 "}',
    b'["a", " b", {"c": "\\ud83d\\ude00, ", ", ": ["\xc2\xa0"]}]',
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


def by_yaml(text: str) -> tuple[list[str], int]:
    """What a YAML parser finds, with all that is not compared, and the count."""
    value, lines = parse_yaml(text, "it")
    items = value["interactions"]
    places = [f"it, interaction {n} (line {line})" for n, line in enumerate(lines, 1)]
    found = [interaction_of(*one) for one in zip(items, places, strict=True)]
    return [said(one) for one in found], value["count"]


def without_seal(text: str) -> str:
    """Leave out the seal of the file: each interaction has to be looked at then."""
    return re.sub("(?m)^seal: .*\n", "", text)


def said(one: Interaction) -> str:
    """All that *one* says; its repr leaves bodies out."""
    return repr([getattr(one, each.name) for each in fields(Interaction)])


def by_layout(text: str) -> tuple[list[str], int] | None:
    """What is found in our own layout, in the same way."""
    laid = read_layout(text, "it")
    return None if laid is None else ([said(one) for one in laid[0]], laid[1])


@given(st.integers(0, 2**32))
def test_it_says_what_yaml_says(seed: int) -> None:
    """Whole or damaged: the same interactions, places and seals, or nothing."""
    chance = Random(seed)  # noqa: S311 - tests need no secrets
    text = write_cassette(interactions(chance))
    whole = (text, without_seal(text))
    others = [damaged(chance.choice(whole), chance) for _ in range(20)]

    for variant in (*whole, *others):
        found = by_layout(variant)

        if found is not None:
            assert found == by_yaml(variant)
        assert found is not None or variant not in whole


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
    assert by_layout(text) == by_yaml(text)
    assert by_layout(changed) is None or old_and_new[0] == "string: |-\n        {"


def test_comments_at_the_start() -> None:
    """They are passed over, and counted."""
    text = "# One.\n# Two.\n" + write_cassette([Interaction("GET", "u", 200)])

    assert by_layout(text) == by_yaml(text)
    assert "(line 4)" in by_yaml(text)[0][0]
    assert by_layout(f"# One.\x85- {text}") is None


def test_the_seal_of_the_file_is_looked_at() -> None:
    """Where it is wrong, each interaction has to be right by its own."""
    text = write_cassette([Interaction("GET", "u", 200), Interaction("GET", "v", 200)])

    edited = text.replace('"u"', '"w"')

    assert edited != text
    assert by_layout(edited) == by_yaml(edited)
    laid = read_layout(edited, "it")
    assert laid is not None
    assert [one.sealed for one in laid[0]] == [False, True]
