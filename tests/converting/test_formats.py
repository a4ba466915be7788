"""One small file in each format, made by hand: what it says is what is read."""

import base64
import gzip
import json
import zlib
from typing import Any

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cassettes.foreign import text_form, value_form
from harness.cassettes.interactions import decoded_body
from harness.converting import FORMATS, read_recording
from harness.errors import CassetteError, InputError

ASKED = b'{"model":"m"}'
SSE = b"data: 1\n\ndata: 2\n\n"
URL = "https://a.b/v1/chat/completions"


def coded(data: bytes) -> str:
    """Give *data* in base64."""
    return base64.b64encode(data).decode()


def read(said: Any, **options: Any) -> tuple[str, tuple[Interaction, ...]]:
    """Give the format of a file and what is in it; a value stands for its JSON."""
    text = said if isinstance(said, str) else json.dumps(said)
    found = read_recording(text.encode(), "a.file", **options)
    return found.format, found.interactions


# ------------------------------------------------------------------------------- VCR

RUBY = """# recorded for a test
---
http_interactions:
- request:
    method: post
    uri: https://a.b/v1/chat/completions
    body:
      encoding: UTF-8
      string: '{"model":"m"}'
    headers:
      Accept:
      - "*/*"
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Encoding:
      - gzip
      Vary:
      - Origin
      - Accept
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        ZGF0YTogMQoKZGF0YTog
        MgoK
    http_version: '1.1'
  recorded_at: Mon, 14 Aug 2023 15:02:13 GMT
recorded_with: VCR 6.1.0
"""


def test_vcr_for_ruby() -> None:
    """Its one-exclamation-mark binary is bytes; the header that is untrue is gone."""
    name, found = read(RUBY)

    assert (name, found) == (
        "vcr",
        (
            Interaction(
                "POST",
                URL,
                200,
                request_headers=(("Accept", "*/*"),),
                request_body=ASKED,
                response_headers=(("Vary", "Origin"), ("Vary", "Accept")),
                response_body=SSE,
                reason="OK",
                http_version="HTTP/1.1",
                recorded_at="2023-08-14T15:02:13Z",
            ),
        ),
    )
    assert found[0].place == "a.file, interaction 1 (line 4)"


R = """http_interactions:
- request:
    method: GET
    uri: https://a.b/
  response:
    status: 200
    headers:
      age: '3'
      etag: 12_3
      vary: [Origin, Accept]
    body:
      string: |
        no
  recorded_at: 2026-08-02 17:44:02
- request:
    method: GET
    uri: https://a.b/
    body: {encoding: '', string: no}
  response:
    status: {status_code: 204, message: No Content}
    body: {encoding: '', string: no}
  recorded_at: 2019-08-02 17:44:02 GMT
- request:
    method: POST
    uri: https://a.b/
    body: {fields: {a: 1 2, b: é}}
  response:
    status: 200
    body: {raw_gzip: RAW}
recorded_with: VCR-vcr/2.1.0
""".replace("RAW", coded(zlib.compress(SSE)))


def test_vcr_for_r() -> None:
    """Both versions: scalars and lists, no body, what stands for none, packed bytes."""
    name, (first, second, third) = read(R)

    assert name == "vcr"
    assert first.response_headers == (
        ("age", "3"),
        ("etag", "12_3"),
        ("vary", "Origin"),
        ("vary", "Accept"),
    )
    assert (first.request_body, first.response_body) == (b"", b"no\n")
    assert first.recorded_at == "2026-08-02T17:44:02Z"
    assert (second.status, second.reason, second.response_body) == (
        204,
        "No Content",
        b"",
    )
    assert second.recorded_at == "2019-08-02T17:44:02Z"
    assert third.request_body == b"a=1+2&b=%C3%A9"
    assert third.response_body == SSE


def test_a_body_on_a_disk() -> None:
    """It is not there, and that is told."""
    for body in ("{file: yes, string: b.json}", "{on_disk: b.json}"):
        with pytest.raises(CassetteError, match="the response has its body in a file"):
            read(R.replace(f"{{raw_gzip: {coded(zlib.compress(SSE))}}}", body))


def test_betamax() -> None:
    """VCR's format in JSON; its bytes are in base64."""
    said = {
        "http_interactions": [
            {
                "request": {
                    "method": "POST",
                    "uri": URL,
                    "headers": {"Accept": ["*/*"]},
                    "body": {"encoding": "utf-8", "string": ASKED.decode()},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Encoding": ["gzip"]},
                    "body": {"base64_string": coded(gzip.compress(SSE))},
                    "url": URL,
                },
                "recorded_at": "2024-01-02T03:04:05",
            }
        ],
        "recorded_with": "betamax/0.9.0",
    }

    name, (one,) = read(said)

    assert name == "vcr"
    assert one.response_headers == (("Content-Encoding", "gzip"),)
    assert decoded_body(one) == SSE
    assert one.recorded_at == "2024-01-02T03:04:05Z"


# ---------------------------------------------------------------------------- httprr


def httprr(*pairs: tuple[bytes, bytes]) -> bytes:
    """Give the trace of requests and their answers."""
    parts = [b"%d %d\n%b%b" % (len(a), len(b), a, b) for a, b in pairs]
    return b"httprr trace v1\n" + b"".join(parts)


HTTPRR = (
    b"POST https://a.b/v1?x=1 HTTP/1.1\r\nHost: a.b\r\nUser-Agent: scrubbed\n"
    b"Content-Length: 13\r\n\r\n" + ASKED,
    b"HTTP/2.0 200 OK\r\nVary: A\r\nVary: B\r\n\r\n" + SSE + b"\xff",
)
CHUNKED = (
    b"GET /v1/models HTTP/1.1\r\nHost: a.b\r\n\r\n",
    (
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    ),
)


def test_httprr() -> None:
    """Messages stand there byte for byte; several chunks are how the body came."""
    found = read_recording(httprr(HTTPRR, CHUNKED), "a.httprr")

    assert found.format == "httprr"
    assert found.interactions == (
        Interaction(
            "POST",
            "https://a.b/v1?x=1",
            200,
            request_headers=(
                ("Host", "a.b"),
                ("User-Agent", "scrubbed"),
                ("Content-Length", "13"),
            ),
            request_body=ASKED,
            response_headers=(("Vary", "A"), ("Vary", "B")),
            response_body=SSE + b"\xff",
            reason="OK",
            http_version="HTTP/2",
        ),
        Interaction(
            "GET",
            "https://a.b/v1/models",
            404,
            request_headers=(("Host", "a.b"),),
            response_headers=(("Transfer-Encoding", "chunked"),),
            response_body=b"abcde",
            response_chunks=(b"abc", b"de"),
            reason="Not Found",
            http_version="HTTP/1.1",
        ),
    )


def test_packed_files() -> None:
    """A file may be packed, whatever its name is."""
    assert read_recording(gzip.compress(httprr(CHUNKED)), "a").format == "httprr"


TRACE = httprr(HTTPRR, CHUNKED)
WRONG_TRACES = {
    "cut": (
        TRACE[:-3],
        r"interaction 2 \(byte \d+\) is cut short: 3 bytes are missing",
    ),
    "cut between": (
        TRACE + b"12",
        r"interaction 3 \(byte \d+\) does not begin with two",
    ),
    "version": (
        TRACE.replace(b"v1", b"v2", 1),
        "does not begin with 'httprr trace v1'",
    ),
    "no status": (
        httprr((CHUNKED[0], b"HTTP/1.1\r\n\r\n")),
        "the response has the status '', which is none",
    ),
    "no request": (httprr((b"\r\n\r\n", CHUNKED[1])), "the request begins with ''"),
    "no end": (httprr((b"GET / HTTP/1.1\r\n", b"")), "has no end of its headers"),
    "odd header": (
        httprr((b"GET / HTTP/1.1\r\nHost\r\n\r\n", b"")),
        "has the header 'Host'",
    ),
    "a chunk is cut": (
        httprr((CHUNKED[0], CHUNKED[1].replace(b"\r\n0\r\n", b"\r\n9\r\n"))),
        "the response has no whole chunk at byte",
    ),
    "only the first line": (b"httprr trace v1\n", "holds no interactions"),
}


@pytest.mark.parametrize(("data", "told"), WRONG_TRACES.values(), ids=WRONG_TRACES)
def test_wrong_traces(data: bytes, told: str) -> None:
    """Each is told with file and place."""
    with pytest.raises(CassetteError, match=f"^a.httprr.*{told}"):
        read_recording(data, "a.httprr", form="httprr")


# ------------------------------------------------------------------------------- HAR


def har(content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give an archive with one entry; *more* of it is put in."""
    entry = {
        "startedDateTime": "2026-01-31T01:12:19.590+01:00",
        "time": 702.4,
        "request": {
            "method": "POST",
            "url": URL,
            "httpVersion": "h2",
            "headers": [
                {"name": ":authority", "value": "a.b"},
                {"name": "accept", "value": "*/*"},
            ],
            "postData": {"mimeType": "application/json", "text": ASKED.decode()},
        },
        "response": {
            "status": 200,
            "statusText": "",
            "httpVersion": "h2",
            "headers": [
                {"name": "content-encoding", "value": "br"},
                {"name": "content-length", "value": "9"},
                {"name": "vary", "value": "Origin"},
            ],
            "content": content,
        },
        "timings": {"send": 1, "wait": 300, "receive": 401.4},
    }
    entry["request"] |= more.pop("request", {})
    entry["response"] |= more.pop("response", {})
    return {"log": {"version": "1.2", "entries": [entry | more]}}


def test_an_archive_of_a_browser() -> None:
    """Bodies are decoded there, headers are not; HTTP/2's own fields are no headers."""
    name, found = read(har({"text": SSE.decode(), "size": 18}))

    assert (name, found) == (
        "har",
        (
            Interaction(
                "POST",
                URL,
                200,
                request_headers=(("accept", "*/*"),),
                request_body=ASKED,
                response_headers=(("vary", "Origin"),),
                response_body=SSE,
                response_chunks=(SSE,),
                chunk_times=(702,),
                http_version="HTTP/2",
                recorded_at="2026-01-31T00:12:19Z",
            ),
        ),
    )


@pytest.mark.parametrize("code", ["base64", "hex"])
def test_chunks_of_polly(code: str) -> None:
    """A list of coded pieces keeps its borders, compressed as they came."""
    packed = gzip.compress(SSE, mtime=0)
    pieces = packed[:10], packed[10:]
    text = [coded(one) if code == "base64" else one.hex() for one in pieces]
    content = {"text": json.dumps(text)}
    content |= {"encoding": code} if code == "base64" else {"_isBinary": True}
    headers = [{"name": "content-encoding", "value": "gzip"}]

    _, (one,) = read(har(content, response={"headers": headers}, time=5))

    assert one.response_chunks == pieces
    assert one.chunk_times == (5, 5)
    assert one.response_headers == (("content-encoding", "gzip"),)
    assert decoded_body(one) == SSE


def test_bytes_in_an_archive() -> None:
    """Base64 without a list is the decoded body; a form may stand there in parts."""
    params = [{"name": "a", "value": "1 2"}]

    _, (one,) = read(
        har(
            {"text": coded(b"\xff\x00"), "encoding": "base64"},
            request={"postData": {"mimeType": "x", "params": params}},
            time=-1,
        )
    )

    assert one.response_body == b"\xff\x00"
    assert one.response_chunks is None
    assert one.request_body == b"a=1+2"
    assert one.response_headers == (("vary", "Origin"),)


def test_an_archive_as_yaml() -> None:
    """Numbers and words stand there as text."""
    _, (one,) = read(
        "log:\n  entries:\n  - request:\n      method: GET\n      url: https://a.b/\n"
        "      headers:\n      - {name: x, value: on}\n"
        "    response:\n      status: 200\n      content: {size: 2, text: no}\n"
        "    time: 12.5\n"
    )

    assert (one.status, one.response_body, one.chunk_times) == (200, b"no", (12,))
    assert one.request_headers == (("x", "on"),)


def test_a_request_without_an_answer() -> None:
    """What a browser calls status 0 is a connection that failed."""
    _, (one,) = read(har({}, response={"status": 0, "_error": "net::ERR_FAILED"}))

    assert (one.status, one.ended, one.failure) == (
        599,
        "connection",
        "net::ERR_FAILED",
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"size": 10}, "has a body of 10 bytes that was left out when the archive was"),
        ({"size": 1, "_file": "b.json"}, "was left in 'b.json' when the archive was"),
        ({"text": "a", "encoding": "rot13"}, "in the encoding 'rot13', which is not"),
        ({"text": "a", "encoding": "base64"}, "has a body that is no base64"),
        ({"text": '["zz"]', "encoding": "hex"}, "has a body that is no hexadecimal"),
        ([1], "has a 'content' that is no mapping"),
    ],
)
def test_an_archive_without_its_contents(content: Any, told: str) -> None:
    """A body that is not there is not taken for an empty one."""
    with pytest.raises(
        CassetteError, match=f"^a.file, interaction 1: the resp.*{told}"
    ):
        read(har(content))


def test_answers_that_have_no_body() -> None:
    """Some have none, whatever size is said."""
    _, (one,) = read(har({"size": 10}, response={"status": 304}))

    assert one.response_body == b""


# ------------------------------------------------------------------------------ nock


def nock(**more: Any) -> list[dict[str, Any]]:
    """Give a recording of nock with one answer."""
    said = {
        "scope": "https://a.b:443",
        "method": "POST",
        "path": "/v1/chat/completions",
        "body": {"model": "m"},
        "status": 200,
        "response": {"é": [1, 2.5]},
        "rawHeaders": ["Vary", "A", "Vary", "B"],
        "reqheaders": {"content-length": 13, "host": "a.b"},
        "responseIsBinary": False,
    }
    return [said | more]


def test_nock() -> None:
    """Bodies that are values there are JSON as JavaScript writes it."""
    name, found = read(nock())

    assert (name, found) == (
        "nock",
        (
            Interaction(
                "POST",
                "https://a.b/v1/chat/completions",
                200,
                request_headers=(("content-length", "13"), ("host", "a.b")),
                request_body=ASKED,
                response_headers=(("Vary", "A"), ("Vary", "B")),
                response_body='{"é":[1,2.5]}'.encode(),
            ),
        ),
    )


def test_bodies_of_nock() -> None:
    """Bytes are in hexadecimal: as one text, or as the pieces of what is packed."""
    packed = gzip.compress(SSE, mtime=0)
    pieces = packed[:9], packed[9:]
    coding = ["Content-Encoding", "gzip"]

    (text,) = read(nock(response="no", body="a=1"))[1]
    (binary,) = read(nock(response="ff00", responseIsBinary=True))[1]
    (listed,) = read(nock(response=["ff", "00"]))[1]
    (coded,) = read(nock(response=[p.hex() for p in pieces], rawHeaders=coding))[1]
    (older,) = read(nock(rawHeaders=None, headers={"Vary": ["A"]}))[1]

    assert (text.request_body, text.response_body) == (b"a=1", b"no")
    assert text.request_headers == (("host", "a.b"),)
    assert binary.response_body == b"\xff\x00"
    assert listed.response_body == b'["ff","00"]'
    assert (coded.response_chunks, decoded_body(coded)) == (pieces, SSE)
    assert older.response_headers == (("Vary", "A"),)


# ----------------------------------------------------------- one interaction, httpmock

ONE = {
    "request": {
        "method": "POST",
        "url": URL,
        "headers": {"Accept": "*/*"},
        "body": ASKED.decode(),
    },
    "response": {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Vary": "Origin"},
        "body": SSE.decode(),
    },
}
TAGGED = """request:
  method: POST
  uri: https://a.b/v1/chat/completions
  headers:
    ? !!python/object/apply:multidict._multidict.istr
    - Accept
    : '*/*'
  body: '{"model":"m"}'
response:
  status: !!python/object:some.Status {code: 200, message: OK}
  headers:
    !!python/object/new:multidict._multidict.istr [Vary]: !!python/tuple [Origin]
  body: {string: "data: 1\\n\\ndata: 2\\n\\n"}
"""


@pytest.mark.parametrize("said", [ONE, TAGGED], ids=["JSON", "YAML with objects"])
def test_one_interaction_in_a_file(said: Any) -> None:
    """Objects of Python are the plain values that they were made of."""
    assert read(said) == (
        "datadog",
        (
            Interaction(
                "POST",
                URL,
                200,
                request_headers=(("Accept", "*/*"),),
                request_body=ASKED,
                response_headers=(("Vary", "Origin"),),
                response_body=SSE,
                reason="OK",
            ),
        ),
    )


def test_objects_are_never_made() -> None:
    """What a tag would call is not called."""
    called = TAGGED.replace("    - Accept", "    - touch /nowhere").replace(
        "multidict._multidict.istr\n", "os.system\n"
    )

    (one,) = read(called)[1]

    assert one.request_headers == (("touch /nowhere", "*/*"),)


HTTPMOCK = f"""when:
  path: /v1/chat/completions
  method: POST
  query_param:
  - name: q
    value: a b&c
  header:
  - name: since
    value: 2023-06-01
  body: '{{"model":"m"}}'
then:
  status: 403
  header:
  - name: content-type
    value: text/plain
  body: |+
    no

---
when:
  path: /v1/chat/completions
  json_body: {{a: [1]}}
then:
  body: {coded(SSE)}
  body_encoding: base64
  delay: 20
"""


def test_httpmock() -> None:
    """Each document is an exchange; words of headers stay as they stand."""
    name, (first, second) = read(HTTPMOCK)

    assert name == "httpmock"
    assert first == Interaction(
        "POST",
        "https://api.openai.com/v1/chat/completions?q=a%20b%26c",
        403,
        request_headers=(("since", "2023-06-01"),),
        request_body=ASKED,
        response_headers=(("content-type", "text/plain"),),
        response_body=b"no\n\n",
    )
    assert first.place == "a.file, interaction 1 (line 1)"
    assert (second.method, second.status, second.request_body) == (
        "GET",
        200,
        b'{"a":["1"]}',
    )
    assert (second.response_body, second.chunk_times) == (SSE, (20,))
    assert second.place == "a.file, interaction 2 (line 20)"


def test_a_rule_for_many_requests() -> None:
    """What was written by hand to match more than one request is no recording."""
    text = HTTPMOCK.replace("  query_param:", "  path_matches: [a]\n  query_param:")

    with pytest.raises(
        CassetteError, match="but a rule for many: it has 'path_matches'"
    ):
        read(text)


# ------------------------------------------------------------------------- all of them


def test_our_own_cassettes() -> None:
    """One of ours is what it is; an edit is not sealed in passing."""
    one = Interaction("GET", URL, 200, response_body=b"Hello!", recorded_at="x")
    text = write_cassette([one])

    assert read(text) == ("vcrpy", (one,))
    with pytest.raises(CassetteError, match="harness seal"):
        read(text.replace("Hello", "Howdy"))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("data", [b"", b"\n", b"# a comment\n", b"---\n"])
def test_a_file_of_nothing(form: str, data: bytes) -> None:
    """Nothing is in no format, whatever it is called."""
    with pytest.raises(CassetteError, match=r"^a\.file"):
        read_recording(data, "a.file", form=form)


def test_a_format_that_is_named() -> None:
    """It is not told from the file then."""
    assert read(ONE, form="datadog")[0] == "datadog"
    with pytest.raises(
        CassetteError, match=r"^a\.file has no 'log', or one that is no map"
    ):
        read(ONE, form="har")
    with pytest.raises(InputError, match=r"no format 'dog'\. Did you mean 'datadog'"):
        read(ONE, form="dog")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "^a.file is empty"),
        (" \n", "^a.file is empty"),
        ("{", "^a.file, line 1 is no JSON"),
        ("a: [", "^a.file, line 2 is damaged"),
        ("a: 1\n", "^a.file is in no format that is known. Known: 'body', .*--from"),
        ("a: 1\n---\nb: 1\n", "^a.file has 2 documents, where one is expected"),
        ("---\n", "^a.file is in no format that is known"),
        ("request_stream: 1\n", "^a.file is in no format"),
        ('{"mappings": []}', "in the format of WireMock, which cannot be converted"),
        ("http_interactions: []\n", "^a.file holds no interactions"),
        ("http_interactions: 1\n", "^a.file has no 'http_interactions', or one that"),
        ('{"log": {"entries": 3}}', "has no 'entries', or one that is no list"),
        ('[{"scope": 1}]', "^a.file, interaction 1 has the scope 1, which is no text"),
        ('[{"scope": "a"}, 1]', "interaction 1 has the path None, which is no text"),
    ],
)
def test_what_is_no_recording(text: str, told: str) -> None:
    """It is told in one line, which begins with the file."""
    with pytest.raises(CassetteError, match=told) as caught:
        read(text)

    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text() -> None:
    """Bytes that are no UTF-8 are named by their place, in one line."""
    for data in (b"interactions: \xff", b"http_interactions: \xff"):
        with pytest.raises(CassetteError, match=r"^a\.file: byte \d+ is no UTF-8"):
            read_recording(data, "a.file")
    assert read_recording(b"\xef\xbb\xbf" + RUBY.encode(), "a").format == "vcr"
    with pytest.raises(CassetteError, match=r"^a\.file, line 2 is damaged: [^\n]*$"):
        read("a: b\n\0")


def test_every_format_that_is_told_can_be_read() -> None:
    """The table of how files are told and that of how they are read agree."""
    said = [RUBY, HTTPMOCK, TRACE.decode("latin-1")]
    values = [har({}), nock(), ONE, {"version": 2, "interactions": []}, {"output": 1}]
    values += [{"request": 1, "response": 1, "test_id": 1}]
    values += [{"interactions": [{"request_stream": 1}]}]

    told = [*map(text_form, said), *map(value_form, values)]

    assert {form.name for form in told if form} == {*FORMATS} - {"vcrpy"}


def test_bytes_where_text_is_expected() -> None:
    """A recorder that writes all bytes in base64 is read as well."""
    text = TAGGED.replace("POST", "!!binary UE9TVA==").replace("'*/*'", "!!binary Ki8q")

    assert read(text) == read(TAGGED)


def test_other_spellings_of_bodies() -> None:
    """JSON as a text of a rule, coded text that is no list, and a bare posted text."""
    rule = "when: {path: /v1/messages, json_body: '{}'}\nthen: {body_base64: aGk=}\n"

    (ruled,) = read(rule)[1]
    (bare,) = read(har({"text": "a"}, request={"postData": "b"}))[1]

    assert (ruled.request_body, ruled.response_body) == (b"{}", b"hi")
    assert (bare.request_body, bare.response_body) == (b"b", b"a")
    with pytest.raises(CassetteError, match="has a body that is no base64"):
        read(har({"text": "[1", "encoding": "base64"}))


def test_symbols_of_ruby() -> None:
    """A tag of a program's own is only the text behind it."""
    assert read(RUBY.replace("method: post", "method: !ruby/sym post")) == read(RUBY)
