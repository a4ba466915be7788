"""Recordings of other programs: refused with their name, whatever their form."""

import pytest

from harness.cassettes import read_cassette
from harness.errors import CassetteError

FOREIGN = {
    "httprr trace v1\n748 631\nPOST https://a.b HTTP/1.1\n": "httprr",
    "---\nwhen:\n  path: /\n": "httpmock",
    "---\nhttp_interactions:\n- body: !binary |-\n    aGk=\n": "VCR for Ruby or R",
    '{"http_interactions": [], "recorded_with": "betamax"}': "VCR for Ruby or R",
    'event: message_start\ndata: {"a": 1}\n\n': "one answer's body alone, as an SSE",
    'data: {"a": 1}\n\n': "one answer's body alone, as an SSE",
    ": ping\n\ndata: {}\n\n": "one answer's body alone, as an SSE",
    '{"a": 1}\n{"b": 2}\n': "one answer's body alone, as JSON lines",
    '{"choices": []}': "one answer's body alone, as JSON",
    '{"log": {"entries": []}}': "HAR",
    "log:\n  entries: []\n": "HAR",
    '{"mappings": []}': "WireMock",
    '{"data": {"pairs": []}, "meta": {}}': "Hoverfly",
    '[{"scope": "https://a.b:443", "method": "POST"}]': "nock",
    '[{"request": {}, "response": {}}]': "vcrpy before 1.0",
    '{"request": {}, "response": {}}': "one interaction a file, as dd-trace's",
    '{"test_id": "t", "request": {}, "response": {}}': "llama-stack",
    '{"__type__": "openai.types", "__data__": {}}': "llama-stack",
    "version: 2\ninteractions:\n- id: 0\n  request: {url: u}\n": "go-vcr",
    "interactions:\n- request_stream: {}\n  response_stream: {}\n": "gRPC messages",
    "interactions:\n- request_sample: {}\n  response_sample: {}\n": "gRPC messages",
    "interactions:\n- collections_method: {}\n": "gRPC messages",
    "interactions:\n- kind: message\n  direction: sent\n": "WebSocket frames",
}


@pytest.mark.parametrize(("text", "form"), FOREIGN.items(), ids=range(len(FOREIGN)))
def test_other_formats_are_named(text: str, form: str) -> None:
    """The file, and whose format it is, stand in the error."""
    with pytest.raises(CassetteError, match=f"a.yaml is .* in the format of {form}"):
        read_cassette(text, "a.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("interactions:\n- 3\n", "interaction 1 .line 2. is 3"),
        ("interactions:\n- {a: 1}\n", "has no whole request"),
        ('["a"]', "is no cassette: a list"),
        ('{"a": \n x}', "line 2 is no JSON: Expecting value"),
        ("[" * 100_000, "is nested too deeply"),
        ("interactions: \x07\n", "line 1 is damaged: .*not allowed"),
        ('{"a": ' + "1" * 9999 + "}", "is no JSON"),
    ],
)
def test_what_no_format_is_like(text: str, told: str) -> None:
    """What is nothing that we know is told as it is."""
    with pytest.raises(CassetteError, match=told):
        read_cassette(text)


@pytest.mark.parametrize("line", ["\n", "#\n", "#\r\n", " \r\n", "# x\n", "---\n"])
def test_a_long_head_takes_no_long_time(line: str) -> None:
    """Comments and empty lines are read once; there were 2**n ways to do it."""
    with pytest.raises(CassetteError, match=r"^a\.yaml"):
        read_cassette(f"{line * 20_000}x", "a.yaml")


def test_half_a_character_is_refused() -> None:
    """A text that no file can hold did not come from one."""
    with pytest.raises(CassetteError, match=r"^a\.yaml, line 2 has half of a") as said:
        read_cassette("interactions:\n- '\ud83d'\n", "a.yaml")

    assert "Read the file as UTF-8" in str(said.value)
