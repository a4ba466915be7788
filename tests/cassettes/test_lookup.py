"""Which requests are the same, and which recording answers them."""

import gzip
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import Interaction
from harness.cassettes.http_requests import HttpRequest, Matching, request_of
from harness.cassettes.lookup import Lookup, checked_repeats
from harness.cassettes.volatile import TIMESTAMPS, UUIDS
from harness.errors import InputError

URL = "https://api.openai.com/v1/chat/completions"
RUN = "7f3c1a52-9d0e-4b7a-8c11-0123456789ab"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def post(body: Any = b"", url: str = URL, **headers: str) -> HttpRequest:
    """Give a request; a body that is no bytes becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return HttpRequest("POST", url, named, data)


def same(one: HttpRequest, other: HttpRequest, *ignore: str, **options: Any) -> bool:
    """Tell whether two requests have one key."""
    matching = Matching.read(ignore=ignore, **options)
    return matching.key(one) == matching.key(other)


@pytest.mark.parametrize(
    "spelled",
    [
        b'{"b": [1, 2.5], "a": "\\u00e9"}',
        b'{\n  "a": "\xc3\xa9",\n  "b": [1.0, 25e-1]\n}',
        b'{"a":"\xc3\xa9","b":[1,2.5]}',
    ],
)
def test_json_counts_by_what_it_means(spelled: bytes) -> None:
    """Key order, spaces, escapes and the spelling of numbers do not matter."""
    assert same(post(spelled), post({"a": "é", "b": [1, 2.5]}))


@pytest.mark.parametrize(
    "other",
    [{"a": [2, 1]}, {"a": [1, 2], "b": None}, {"a": [True, 2]}, {"a": ["1", 2]}, {}],
)
def test_another_value_is_another_request(other: Any) -> None:
    """Order of lists, types, and members that are null make a difference."""
    assert not same(post({"a": [1, 2]}), post(other))


@given(json_values, json_values)
def test_equal_keys_are_equal_values(one: Any, other: Any) -> None:
    """Two JSON bodies have one key if and only if they mean the same."""
    texts = [json.dumps({"v": v}, sort_keys=True) for v in (one, other)]
    plain = [json.dumps(_whole(json.loads(t)), sort_keys=True) for t in texts]

    found = same(post(texts[0].encode()), post(texts[1].encode()))

    assert found == (plain[0] == plain[1])


def _whole(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"[" * 100_000,
        b'{"n": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe\x00",
        b"data",
    ],
)
def test_what_is_no_json_counts_by_its_bytes(body: bytes) -> None:
    """A body that cannot be read has the key of its bytes, and no traceback."""
    assert same(post(body), post(body))
    assert not same(post(body), post(body + b" "))


def test_json_is_known_without_a_content_type() -> None:
    """A filtered content-type changes nothing."""
    labelled = post(b'{"a": 1}', content_type="application/json")

    assert same(labelled, post(b'{"a":1}'))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.b/v1", "HTTPS://A.B:443/v1"),
        ("http://a.b", "http://a.b:80/"),
        ("https://a.b/%7Ex/%c3%a9", "https://a.b/~x/é"),
        ("https://a.b/?b=2&a=1", "https://a.b/?a=1&b=2"),
        ("https://a.b/?q=a+b", "https://a.b/?q=a%20b"),
        ("https://a.b/<PROJECT>/c d", "https://a.b/%3CPROJECT%3E/c%20d"),
        ("https://a.b/x#part", "https://a.b/x"),
        ("https://me:pw@a.b/x", "https://a.b/x"),
        (
            "https://a.b/?key=REDACTED-google-key-0123abcd",
            "https://a.b/?key=REDACTED-secret-9999aaaa",
        ),
    ],
)
def test_uris_are_the_same_however_spelled(one: str, other: str) -> None:
    """Case of the host, default ports, escapes, order of names, and whose key it is."""
    assert same(post(url=one), post(url=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.b/x", "http://a.b/x"),
        ("https://a.b/x", "https://a.b:8443/x"),
        ("https://a.b/x", "https://a.b/x/"),
        ("https://a.b/x%2Fy", "https://a.b/x/y"),
        ("https://a.b/?a=1&a=2", "https://a.b/?a=2&a=1"),
        ("https://a.b/?a=", "https://a.b/"),
        ("https://a.b/?a=x%26b%3D1", "https://a.b/?a=x&b=1"),
        ("https://a.b:bad/x", "https://a.b/x"),
        ("https://[a.b/x", "https://[a.c/x"),
    ],
)
def test_other_uris_are_other_requests(one: str, other: str) -> None:
    """Scheme, port, path and values make a difference, also where a URL is none."""
    assert not same(post(url=one), post(url=other))


def test_forms_count_by_their_fields() -> None:
    """The order of a form's fields does not matter, that of one field's values does."""
    assert same(post(b"a=1&b=x+y"), post(b"b=x%20y&a=1"))
    assert not same(post(b"a=1&a=2"), post(b"a=2&a=1"))


def multipart(boundary: str, text: str) -> HttpRequest:
    """Give an upload."""
    part = f'Content-Disposition: form-data; name="f"\r\n\r\n{text}'
    body = f"--{boundary}\r\n{part}\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    return post(body, content_type=kind)


@pytest.mark.parametrize("match_on", [["body"], ["headers", "body"]])
def test_the_boundary_of_an_upload_does_not_matter(match_on: list[str]) -> None:
    """Clients draw a boundary at random; what lies between counts."""
    one = multipart("abc123", "hello")

    assert same(one, multipart("zzz", "hello"), match_on=match_on)
    assert not same(one, multipart("zzz", "hallo"), match_on=match_on)


def test_a_compressed_body_is_what_it_holds() -> None:
    """A gzip body and a plain one ask the same."""
    packed = post(gzip.compress(b'{"a": 1}'), content_encoding="gzip")

    assert same(packed, post(b'{"a":1}'))


def test_a_damaged_compressed_body_counts_by_its_bytes() -> None:
    """What cannot be unpacked is compared as it is."""
    packed = gzip.compress(b'{"a": 1}')[:-4]

    assert same(
        post(packed, content_encoding="gzip"), post(packed, content_encoding="gzip")
    )


@pytest.mark.parametrize("rule", ["$.metadata.run_id", "metadata.run_id", "$..run_id"])
def test_a_path_is_left_out(rule: str) -> None:
    """What a path leads to does not count, whether it is there or not."""
    one = post({"q": 1, "metadata": {"run_id": "a", "user": "u"}})

    assert same(one, post({"q": 1, "metadata": {"user": "u"}}), rule)
    assert not same(one, post({"q": 1, "metadata": {"run_id": "a"}}), rule)


@pytest.mark.parametrize(
    "rule", ["$.messages[*].id", "messages.*.id", "$['messages'][*]['id']", "$..id"]
)
def test_a_path_goes_through_lists(rule: str) -> None:
    """All items of a list, in each spelling of a path."""
    one = post({"messages": [{"id": "a", "text": "x"}, {"id": "b"}]})

    assert same(one, post({"messages": [{"id": "c", "text": "x"}, {}]}), rule)


def test_a_path_goes_through_all_members() -> None:
    """A star stands for any name; what it says besides counts."""
    one = post({"a": {"id": 1, "x": 2}, "b": {"id": 3}, "c": None})

    assert same(one, post({"a": {"x": 2}, "b": {}, "c": None}), "$.*.id")
    assert not same(one, post({"a": {"x": 3}, "b": {}, "c": None}), "$.*.id")


def test_an_item_of_a_list_keeps_its_place() -> None:
    """An ignored item is nothing, but it is there."""
    assert same(post({"a": [1, 2]}), post({"a": [3, 2]}), "$.a[0]")
    assert not same(post({"a": [1, 2]}), post({"a": [2]}), "$.a[0]")


def test_a_path_that_leads_nowhere_does_nothing() -> None:
    """A body without the member is compared as it is."""
    assert same(post({"a": [1]}), post({"a": [1]}), "$.a[7].b", "$.x.y", "$.a.b")


def test_a_path_fits_fields_of_forms() -> None:
    """A form is read as its fields."""
    assert same(post(b"nonce=1&q=x"), post(b"q=x&nonce=2"), "$.nonce")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"text": f"run {RUN} of"}, {"text": f"run {RUN[::-1].replace('-', '')} of"}),
        ({"id": [RUN, 1]}, {"id": [RUN.upper(), 1]}),
    ],
)
def test_a_pattern_is_blurred_in_texts(one: Any, other: Any) -> None:
    """What a pattern finds counts as one and the same."""
    assert same(post(one), post(other), UUIDS)


def test_a_pattern_is_blurred_everywhere() -> None:
    """In URIs, in numbers as a whole, and in bodies that are no JSON."""
    assert same(post(url="https://a.b/r/17"), post(url="https://a.b/r/18"), r"re:1\d")
    assert same(post({"at": 1761955200}), post({"at": 1761955201}), r"re:176\d{7}")
    assert same(
        post(b"at 2026-11-23T08:00:00Z"), post(b"at 2025-01-02 03:04:05"), TIMESTAMPS
    )


def test_a_pattern_changes_no_other_numbers() -> None:
    """A number counts unless the pattern fits all of it; so do true and null."""
    assert not same(post({"n": 123}), post({"n": 124}), r"re:1")
    assert not same(post({"n": True}), post({"n": None}), r"re:\w+")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("$.id", "give a list of rules"),
        (7, "give a list of rules"),
        ([7], "it is no text"),
        (["re:("], "unterminated subpattern"),
        (["re:x*"], "so everything"),
        (["$"], "it leads nowhere"),
        (["$.a[b]"], "'[b]' is no step of a path"),
        ([""], "is no step of a path"),
    ],
)
def test_what_is_no_rule_is_refused(rules: Any, said: str) -> None:
    """The error shows the rule, why it is none, and what would be one."""
    with pytest.raises(InputError) as caught:
        Matching.read(ignore=rules)

    assert said in str(caught.value)
    assert "ignore" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("method", HttpRequest("GET", URL)),
        ("scheme", post(url="http://a.b/x?y=1")),
        ("host", post(url="https://a.c/x?y=1")),
        ("port", post(url="https://a.b:1/x?y=1")),
        ("path", post(url="https://a.b/z?y=1")),
        ("query", post(url="https://a.b/x?y=2")),
        ("uri", post(url="https://a.b/z?y=2")),
        ("body", post({"a": 2})),
        ("raw_body", post(b'{"a":1}')),
        ("headers", post(x_run="2")),
        ("header:X-Run", post(x_run="2")),
    ],
)
def test_matchers_are_called_as_vcrpy_calls_them(name: str, other: HttpRequest) -> None:
    """Each name compares its part, and that alone."""
    one = post({"a": 1}, url="https://a.b/x?y=1", x_run="1")

    assert not same(one, other, match_on=[name])
    assert Matching.read([name]).differing(one, other) == [name]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("body", "give a list of names"),
        (["bdy"], "Did you mean 'body'?"),
        (["header:"], "'header:<name>'"),
        ([3], "which no request has"),
    ],
)
def test_unknown_matchers_are_refused(names: Any, said: str) -> None:
    """The error names the nearest that there is."""
    with pytest.raises(InputError, match="match_on") as caught:
        Matching.read(names)

    assert said in str(caught.value)


def test_headers_of_the_wire_do_not_count() -> None:
    """Redaction changes lengths: a content-length is no part of what is asked."""
    one = post(content_length="1", X_A="1")

    assert same(one, post(x_a="1", content_length="2"), match_on=["headers"])


def test_parts_of_a_key_do_not_run_together() -> None:
    """What one part ends with is not what the next begins with."""
    matching = Matching.read(["header:a", "header:b"])

    assert matching.key(post(a="xy", b="z")) != matching.key(post(a="x", b="yz"))


def test_a_request_of_an_interaction() -> None:
    """What was recorded can be compared with what is asked."""
    one = Interaction(
        "POST", URL, 200, request_headers=(("a", "b"),), request_body=b"{}"
    )

    assert request_of(one) == HttpRequest("POST", URL, (("a", "b"),), b"{}")


# --------------------------------------------------------------------- lookup


def answers(*numbers: int) -> list[Interaction]:
    """Give interactions that can be told apart."""
    return [Interaction("GET", URL, status) for status in numbers]


def lookup(policy: Any = "error") -> Lookup:
    """Give a lookup with 429, 429, 200 for one key and 404 for another."""
    tape = Lookup(policy)
    for one in answers(429, 429, 200):
        tape.add(b"poll", one)
    tape.add(b"other", answers(404)[0])
    return tape


@pytest.mark.parametrize(
    ("policy", "after"),
    [
        ("error", [None, None, None, None]),
        ("last", [200, 200, 200, 200]),
        ("cycle", [429, 429, 200, 429]),
    ],
)
def test_equal_requests_are_answered_in_order_then_by_policy(
    policy: str, after: list[int | None]
) -> None:
    """First in, first out; what comes then was said."""
    tape = lookup(policy)

    taken = [tape.take(b"poll") for _ in range(7)]

    assert [one and one.status for one in taken] == [429, 429, 200, *after]


def test_unused_are_those_that_nothing_asked_for() -> None:
    """In recorded order for each request; a repeat uses nothing more."""
    tape = lookup("last")
    tape.take(b"poll")
    tape.take(b"unknown")

    assert [one.status for one in tape.unused()] == [429, 200, 404]
    assert [one.status for one in tape.recorded(b"poll")] == [429, 429, 200]
    assert tape.recorded(b"unknown") == []


def test_a_policy_that_there_is_not() -> None:
    """The error lists the policies."""
    with pytest.raises(InputError, match="'cycle', 'error', 'last'"):
        checked_repeats("forever")


@given(st.text([*string.printable, "é", "\ud83d", "\ude00"], max_size=40))
def test_any_text_is_a_url_of_some_key(url: str) -> None:
    """No URL gives a traceback; each has its key."""
    assert same(post(url=f"https://{url}"), post(url=f"https://{url}"))
