"""Laws of JSON that arrives in pieces: sound, monotone, split-invariant, strict."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.partial_json import (
    MISSING,
    JsonError,
    JsonPrefix,
    is_prefix,
    parse_object,
)

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text(
    '\\"/\n\ud83d\ude00é'
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | ANY_TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
STYLES = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 0, 2])}
)
DOCUMENTS = st.builds(lambda value, style: json.dumps(value, **style), VALUES, STYLES)
MARKS = ['"a"', "true", "null", "NaN", "-Infinity", "1e999", "1" * 4301]
CHARACTERS = ["\\u", "\\ud83d", "\\uDE00", "\ud83d", "\ude00", "\x00", "\ufeff"]
FRAGMENTS = st.sampled_from([*'{}[]:,"\\ \n-+.eE019tfn', *MARKS, *CHARACTERS])


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A JSON document in which a few places were cut out or written over."""
    text = draw(DOCUMENTS)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 2))
        text = text[:start] + draw(st.just("") | FRAGMENTS) + text[end:]
    return text


TEXTS = (
    DOCUMENTS | mutations() | st.lists(FRAGMENTS, max_size=12).map("".join) | ANY_TEXT
)


def fed(*pieces: str, finish: bool = False) -> JsonPrefix:
    """A parser that has seen *pieces*."""
    prefix = JsonPrefix()
    for piece in pieces:
        prefix.feed(piece)
    if finish:
        prefix.finish()
    return prefix


def state(prefix: JsonPrefix) -> tuple[str, str | None, bool]:
    """All that one can see of *prefix*; repr tells 1 from True and -0.0 from 0."""
    return repr(prefix.preview()), prefix.error, prefix.complete


def mended(value: Any) -> Any:
    """*value* with surrogate pairs joined and halves replaced, also in keys."""
    if isinstance(value, str):
        joined = re.sub(
            "[\ud800-\udbff][\udc00-\udfff]",
            lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"),
            value,
        )
        return re.sub("[\ud800-\udfff]", "\ufffd", joined)
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return value


def oracle(text: str) -> Any:
    """What json.loads makes of *text*; ValueError if it refuses, or is not finite."""

    def finite(raw: str) -> float:
        if not math.isfinite(number := float(raw)):
            raise ValueError(raw)
        return number

    options: Any = {"parse_float": finite, "parse_constant": finite, "strict": False}
    return mended(json.loads(text, **options))


def has_duplicate_keys(text: str) -> bool:
    """Whether some object that is whole in *text* has a key twice, once mended."""
    found = False

    def check(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found |= len({mended(key) for key, _ in pairs}) < len(pairs)

    json.loads(text, strict=False, object_pairs_hook=check)
    return found


@given(TEXTS)
def test_any_prefix_can_be_read(text: str) -> None:
    """P1 and P5: nothing raises, and each preview can be encoded."""
    prefix = JsonPrefix()
    for char in text:
        prefix.feed(char)
        preview = prefix.preview()

        repr(preview).encode()
        if preview is not MISSING:
            json.dumps(preview, ensure_ascii=False).encode()


@given(DOCUMENTS)
def test_previews_never_retract(text: str) -> None:
    """P2 and P3: a preview is a prefix of the next, and of the final value."""
    assume(not has_duplicate_keys(text))
    final = oracle(text)
    prefix, before = JsonPrefix(), MISSING
    for char in text:
        prefix.feed(char)
        preview = prefix.preview()

        assert is_prefix(before, preview)
        assert is_prefix(preview, final)
        before = preview


@given(TEXTS)
def test_the_end_agrees_with_json_loads(text: str) -> None:
    """P4: finished, it accepts what json.loads accepts, and reads the same value."""
    prefix = fed(text, finish=True)

    try:
        value = oracle(text)
    except ValueError:
        assert prefix.error is not None
    else:
        assert state(prefix) == (repr(value), None, True)


@given(ANY_TEXT.filter(lambda text: not re.search("[\ud800-\udfff]", text)))
def test_an_open_string_shows_all_its_characters(text: str) -> None:
    """P6: what a string says is visible before its closing quote."""
    raw = json.dumps(text, ensure_ascii=False)[:-1]

    assert fed(raw).preview() == text
    assert fed("[", raw).preview() == [text]
    assert fed('{"a":', raw).preview() == {"a": text}


@given(TEXTS, st.data())
def test_cuts_do_not_matter(text: str, data: st.DataObject) -> None:
    """However the text is cut and read, the state is the same at each offset."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    prefix, start = JsonPrefix(), 0
    for cut in cuts:
        prefix.feed(text[start:cut])
        start = cut

        if data.draw(st.booleans()):
            assert state(prefix) == state(fed(text[:cut]))
    prefix.feed(text[start:])
    prefix.finish()
    assert state(prefix) == state(fed(text, finish=True))
    assert state(prefix) == state(fed(*text, finish=True))


@given(TEXTS)
def test_the_end_does_not_take_back(text: str) -> None:
    """Finishing adds a value or an error, and changes nothing that was certain."""
    before = fed(text)
    after = fed(text, finish=True)

    assert is_prefix(before.preview(), after.preview()) or after.complete
    assert before.error in (None, after.error)
    assert after.complete or after.error


@given(DOCUMENTS)
def test_previews_share_nothing(text: str) -> None:
    """Whatever is done to a preview, the next ones do not change."""
    prefix = JsonPrefix()
    for char in text:
        prefix.feed(char)
        expected = repr(prefix.preview())
        todo = [prefix.preview()]
        while todo:
            node = todo.pop()
            if isinstance(node, list | dict):
                todo += node.values() if isinstance(node, dict) else node
                node.clear()

        assert repr(prefix.preview()) == expected


@given(TEXTS)
def test_parse_object_agrees_with_json_loads(text: str) -> None:
    """Tool arguments are one whole object, or an error with a reason."""
    try:
        value = oracle(text) if text.strip(" \t\r\n") else {}
    except ValueError:
        value = None
    if isinstance(value, dict):
        assert repr(parse_object(text)) == repr(value)
    else:
        with pytest.raises(JsonError) as caught:
            parse_object(text)
        assert caught.value.reason not in ("", "None")


@given(VALUES, VALUES)
def test_is_prefix_is_an_order(one: Any, other: Any) -> None:
    """Everything is a prefix of itself, and no two values of each other."""
    assert is_prefix(one, one)
    assert is_prefix(MISSING, one)
    if is_prefix(one, other) and is_prefix(other, one):
        assert one == other


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("", MISSING),
        (" ", MISSING),
        ("1", MISSING),
        ("tru", MISSING),
        ("true", True),
        ("[1", []),
        ("[1,", [1]),
        ("[-0.5e1 ", [-5.0]),
        ('{"a', {}),
        ('{"a"', {}),
        ('{"a":', {}),
        ('{"a":"', {"a": ""}),
        ('{"a":[', {"a": []}),
        ('"x\\', "x"),
        ('"x\\u00e', "x"),
        ('"x\\u00e9', "xé"),
        ('"x\\ud83d', "x"),
        ('"x\\ud83d\\ude0', "x"),
        ('"x\\ud83d\\ude00', "x😀"),
        ('"x\\ud83d\\ud83d', "x\ufffd"),
        ('"x\\ud800', "x"),
        ('"x\\ud800\\udc00', "x\U00010000"),
        ('"x\\udbff', "x"),
        ('"x\\ud83dy', "x\ufffdy"),
        ('"x\\ude00', "x\ufffd"),
        ('"x\ud83d', "x"),
        ('"x\ud83d\ude00', "x😀"),
        ('"x\ud83d"', "x\ufffd"),
        ('{"\\ud83d":1}', {"\ufffd": 1}),
        ('"a\nb\x00', "a\nb\x00"),
        ('"a\nb\\t', "a\nb\t"),
        ('{"a":1,"a":', {"a": 1}),
        ('{"a":1,"a":"', {"a": ""}),
        ('{"a":[{"b":1}],"c":2', {"a": [{"b": 1}]}),
    ],
)
def test_what_is_certain(text: str, preview: object) -> None:
    """A preview shows what cannot change any more, and whole characters."""
    assert repr(fed(text).preview()) == repr(preview)
    assert repr(fed(*text).preview()) == repr(preview)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a": 1, "b"}', "unexpected '}' at character 12"),
        ("[1,]", "unexpected ']' at character 3"),
        ("{,", "unexpected ',' at character 1"),
        ("[trux", "unexpected 'x' at character 4"),
        ('["\\x', "unexpected 'x' at character 3"),
        ('["\\u12g', "unexpected 'g' at character 6"),
        ("NaN", "unexpected 'N' at character 0"),
        ("[-Infinity", "'-' is not a number at character 1"),
        ("[01,", "'01' is not a number at character 1"),
        ("[1e999,", "'1e999' is too large a number at character 1"),
        ('{"a":1} x', "data after the end of the value at character 8"),
        ('{"a":1}{', "data after the end of the value at character 7"),
        ("[" + "9" * 5000 + "]", "too large a number at character 1"),
    ],
)
def test_an_error_says_what_and_where(text: str, error: str) -> None:
    """The first wrong character is named, and all that follows is ignored."""
    for prefix in (fed(text), fed(*text)):
        assert (prefix.error or "").endswith(error)
        before = state(prefix)
        prefix.feed('1, "more": 2}]')
        prefix.finish()
        assert state(prefix) == before


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "ends before a value at character 0"),
        ("[tru", "ends inside 'tru' at character 4"),
        ('{"path": "/t', "ends inside a string at character 12"),
        ('["\\u12', "ends inside a string at character 6"),
        ("[1", "ends inside a list at character 2"),
        ('[{"a": [1', "ends inside a list at character 9"),
        ('[{"a": [1]', "ends inside an object at character 10"),
        ('{"a":', "ends inside an object at character 5"),
        ("-", "'-' is not a number at character 0"),
    ],
)
def test_the_end_of_the_text_can_be_an_error(text: str, error: str) -> None:
    """Finished too early, the error says inside of what."""
    assert fed(text).error is None
    assert state(fed(text, finish=True))[1:] == (error, False)


def test_a_number_ends_with_the_text() -> None:
    """A number at the top is complete only when the text has ended."""
    prefix = fed("12")
    before = state(prefix)
    prefix.finish()
    prefix.finish()

    assert before == ("MISSING", None, False)
    assert state(prefix) == ("12", None, True)


def test_data_after_the_value_leaves_it_complete() -> None:
    """The value has ended and stays as it is; what follows is the error."""
    assert state(fed("{}}")) == (
        "{}", "data after the end of the value at character 2", True
    )  # fmt: skip


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_has_no_limit(opening: str) -> None:
    """A hundred thousand open containers are read without recursion."""
    prefix = fed(opening * 100_000)
    preview, depth = prefix.preview(), 0
    assert is_prefix(preview, fed(opening * 100_001).preview())
    prefix.finish()
    while preview:
        (preview,) = preview.values() if isinstance(preview, dict) else preview
        depth += 1

    assert depth == 99_999
    assert (prefix.error or "").startswith("ends inside a")


def test_a_long_token_may_arrive_in_single_characters() -> None:
    """Tokens of 100 000 characters are read after each of them, and are no error."""
    for text in ('["' + "\\n" * 50_000, "[0." + "1" * 100_000):
        prefix = JsonPrefix()
        for char in text:
            prefix.feed(char)

            assert prefix.error is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        (" \n", {}),
        ('{"a": {"b": [1, 2.5, null]}}\n', {"a": {"b": [1, 2.5, None]}}),
        ('{"a": "x\ny"}', {"a": "x\ny"}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
        ('{"a": "\\ud83d\\ude00", "\ude00": 1}', {"a": "😀", "\ufffd": 1}),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_parse_object_gives_the_whole_object(text: str, value: object) -> None:
    """Finished arguments are read as json.loads reads them, characters mended."""
    assert parse_object(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "is a list, not an object"),
        ('"{}"', "is a string, not an object"),
        ("1", "is a number, not an object"),
        ("1.5", "is a number, not an object"),
        ("true", "is true or false, not an object"),
        ("null", "is null, not an object"),
        ('{"path": "/t', "ends inside a string at character 12"),
        ('{"a":1}{"b":2}', "data after the end of the value at character 7"),
        ('{"a": NaN}', "unexpected 'N' at character 6"),
        ('{"a": 1e999}', "'1e999' is too large a number at character 6"),
        ('{"a":' * 100_000, "is nested too deeply"),
    ],
)
def test_parse_object_gives_a_reason(text: str, reason: str) -> None:
    """Anything but one whole object is refused, with what and where."""
    with pytest.raises(JsonError, match=f"^{re.escape(reason)}$") as caught:
        parse_object(text)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("approximation", "value", "expected"),
    [
        (MISSING, MISSING, True),
        ("", "abc", True),
        ("ab", "abc", True),
        ("abc", "ab", False),
        (1, 10, False),
        (1, True, False),
        (1, 1.0, False),
        ([], [1], True),
        ([1], [], False),
        (["a"], ["ab", 1], True),
        (["a", 1], ["ab", 1], False),
        ([["a"], 1], [["a", "b"], 1], False),
        ([MISSING], [1], True),
        ([MISSING, 1], [1, 1], False),
        ({}, {"a": 1}, True),
        ({"a": {"b": "x"}}, {"a": {"b": "xy", "c": 1}, "d": 2}, True),
        ({"a": "x", "b": 1}, {"a": "xy", "b": 1}, False),
        ({"b": 1}, {"a": 1, "b": 1}, False),
        ({"a": 1}, [1], False),
    ],
)
def test_is_prefix(approximation: object, value: object, expected: bool) -> None:
    """Only what was last may still grow, and only by being longer."""
    assert is_prefix(approximation, value) is expected
