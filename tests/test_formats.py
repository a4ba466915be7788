"""The formats of JSON Schema: what is one, and what only looks like it."""

import pytest

from harness.formats import FORMAT_EXAMPLES, FORMATS
from harness.patterns import finds, is_pattern

WRONG = {
    "date": ["2026-02-30", "20260117", "2026-1-7", ""],
    "time": ["09:30:00", "24:00:00Z", "09:30Z"],
    "date-time": ["2026-01-17", "2026-01-17T09:30:00", "2026-13-17T09:30:00Z"],
    "duration": ["P", "PT", "1D", "P1DT"],
    "email": ["ada", "a b@c", "@example.com"],
    "hostname": ["-a.com", "a..b", "a_b", "a" * 64],
    "idn-hostname": ["-a", "a b"],
    "ipv4": ["256.0.0.1", "1.2.3", "1.2.3.4 "],
    "ipv6": ["::1::", "fe80::1%eth0", "12345::"],
    "uri": ["/items", "a b:c", "http://é", "http://a/%zz"],
    "uri-reference": ["a b", "%g0"],
    "iri": ["/é", "a:b c"],
    "uri-template": ["{", "a b"],
    "uuid": ["2f1e6c9a5d0b4c8e9a3761b2c4d8e0f5", "x"],
    "regex": ["(", "[z-a]", "a{1000000000}("],
    "json-pointer": ["items", "/~2"],
    "relative-json-pointer": ["/a", "01/a"],
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_example_of_a_format_is_one(name):
    """What errors offer as an example is right, and nearly it is not."""
    check = FORMATS[name]

    assert check(FORMAT_EXAMPLES[name])
    assert [text for text in WRONG.get(name, ()) if check(text)] == []


def test_right_but_rare():
    """Rare spellings that the standards allow are taken."""
    rare = [
        ("time", "23:59:60.5+01:30"),
        ("date-time", "2026-01-17t09:30:00z"),
        ("duration", "P3W"),
        ("iri", "https://例え.jp/é"),
        ("idn-hostname", "例え.jp"),
        ("email", '"ada l"@example.com'),
        ("json-pointer", ""),
        ("relative-json-pointer", "0#"),
    ]

    assert [pair for pair in rare if not FORMATS[pair[0]](pair[1])] == []


def test_huge_repeats_are_not_unrolled():
    """A pattern of billions of repeats costs no memory."""
    assert is_pattern("a{1000000000}")
    assert not finds("(((a{1000}){1000}){1000})", "aaa", seconds=1)
