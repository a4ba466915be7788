"""Files whose shape is wrong somewhere: told in one line, or still a cassette."""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from harness.cassettes import read_cassette, write_cassette
from harness.cassettes.conversations import ConversationRedaction
from harness.cassettes.redaction import Redaction
from harness.cassettes.settings import Redactor
from harness.converting import FORMATS, read_recording
from harness.errors import HarnessError

_BODY = '{"model": "m"}'
_PAIRS = [{"name": "a", "value": "b"}]

#: A file in each format that can be said in JSON.
SAMPLES: dict[str, Any] = {
    "vcr": {
        "http_interactions": [
            {
                "request": {
                    "method": "post",
                    "uri": "https://a.b/",
                    "headers": {"a": ["b"]},
                    "body": {"encoding": "", "string": _BODY},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"a": "b"},
                    "body": {"base64_string": "aGk="},
                    "http_version": "1.1",
                },
                "recorded_at": "2024-01-02 03:04:05",
            },
            {
                "request": {"method": "get", "uri": "https://a.b/", "body": None},
                "response": {"status": 200, "body": {"raw_gzip": ""}},
            },
        ],
        "recorded_with": "vcr/1",
    },
    "go-vcr": {
        "version": 2,
        "interactions": [
            {
                "request": {
                    "method": "POST",
                    "url": "https://a.b/",
                    "headers": {"a": ["b"]},
                    "body": _BODY,
                },
                "response": {
                    "status": "200 OK",
                    "code": 200,
                    "proto": "HTTP/1.1",
                    "headers": {"a": ["b"]},
                    "body": "hi",
                    "duration": "1m2s",
                },
            }
        ],
    },
    "har": {
        "log": {
            "entries": [
                {
                    "startedDateTime": "2024-01-02T03:04:05Z",
                    "time": 3,
                    "request": {
                        "method": "POST",
                        "url": "https://a.b/",
                        "headers": _PAIRS,
                        "postData": {"text": "", "params": _PAIRS},
                    },
                    "response": {
                        "status": 200,
                        "statusText": "OK",
                        "httpVersion": "h2",
                        "headers": _PAIRS,
                        "content": {"text": '["aGk="]', "encoding": "base64"},
                    },
                }
            ]
        }
    },
    "nock": [
        {
            "scope": "https://a.b",
            "method": "POST",
            "path": "/",
            "body": {"model": "m"},
            "status": 200,
            "response": ["6869"],
            "rawHeaders": ["content-encoding", "gzip"],
            "reqheaders": {"a": "b"},
            "responseIsBinary": False,
        }
    ],
    "datadog": {
        "request": {
            "method": "POST",
            "url": "https://a.b/",
            "headers": {"a": "b"},
            "body": _BODY,
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"a": "b"},
            "body": {"string": "hi"},
        },
    },
    "httpmock": {
        "when": {
            "path": "/v1/messages",
            "method": "POST",
            "query_param": _PAIRS,
            "header": _PAIRS,
            "body": _BODY,
        },
        "then": {
            "status": 200,
            "header": _PAIRS,
            "body": "aGk=",
            "body_encoding": "base64",
            "delay": 3,
        },
    },
    "llama-stack": {
        "test_id": "a",
        "request": {
            "method": "POST",
            "url": "https://a.b/v1/v1/chat/completions",
            "headers": {},
            "body": {"model": "m"},
        },
        "response": {
            "body": [{"__type__": "a.Chunk", "__data__": {"choices": [{"delta": {}}]}}],
            "is_exception": False,
            "exception_data": {"status_code": 400, "message": "no", "body": {"a": 1}},
        },
    },
    "body": {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"message": {"content": "Hi"}}],
    },
    "xai-grpc": {
        "interactions": [
            {
                "request_stream": {
                    "json": {
                        "model": "m",
                        "messages": [
                            {"role": "ROLE_USER", "content": [{"text": "Hi"}]}
                        ],
                    }
                },
                "response_stream": {
                    "chunks_json": [
                        {
                            "chunk": {
                                "outputs": [
                                    {
                                        "delta": {
                                            "content": "Hi",
                                            "tool_calls": [{"function": {"name": "f"}}],
                                        },
                                        "finish_reason": "REASON_STOP",
                                        "index": 0,
                                    }
                                ],
                                "created": "2026-08-12T04:00:52Z",
                                "usage": {"prompt_tokens": 1},
                            }
                        }
                    ]
                },
            }
        ]
    },
}
#: What is put in place of each value.
ODD = (
    None,
    True,
    "9" * 5000,
    "0001-01-01T00:00:00+14:00",
    -1,
    1e300,
    "",
    "x\ud800\x00",
    [],
    {},
    [[]],
    [None],
    {"name": 3},
)


def spoiled(value: Any) -> Iterator[Any]:
    """Give *value* with each thing in it, and itself, replaced or left out."""
    yield from ODD
    match value:
        case dict():
            for key, one in value.items():
                yield {k: said for k, said in value.items() if k != key}
                yield from ({**value, key: other} for other in spoiled(one))
        case list():
            for n, one in enumerate(value):
                for other in spoiled(one):
                    changed = copy.copy(value)
                    changed[n] = other
                    yield changed
        case _:
            return


@pytest.mark.filterwarnings("ignore:.*is no chat")
@pytest.mark.parametrize("form", SAMPLES)
def test_no_shape_breaks_it(form: str) -> None:
    """Each spoiled file is refused in one line, or reads to what can be written."""
    files = [json.dumps(value).encode() for value in spoiled(SAMPLES[form])]

    kept, told = read_all(files, form)

    assert min(kept, told) > 10


@pytest.mark.filterwarnings("ignore:.*is no chat")
@pytest.mark.parametrize("form", SAMPLES)
@pytest.mark.parametrize("key", [None, 3, 1.5, True, b"a"])
def test_no_key_breaks_it(key: Any, form: str) -> None:
    """YAML has keys that are no texts."""
    values = [*keyed(SAMPLES[form], key)]

    kept, told = read_all([yaml.safe_dump(one).encode() for one in values], form)

    assert kept + told == len(values) > 2


def keyed(value: Any, key: Any) -> Iterator[Any]:
    """Give *value* with *key* in each of its mappings, in one at a time."""
    match value:
        case dict():
            yield {**value, key: "x"}
            for name, one in value.items():
                yield from ({**value, name: other} for other in keyed(one, key))
        case list():
            for n, one in enumerate(value):
                for other in keyed(one, key):
                    yield [*value[:n], other, *value[n + 1 :]]
        case _:
            return


def read_all(files: Iterable[bytes], form: str) -> tuple[int, int]:
    """Read files: how many could be kept, how many were refused in one line."""
    rules: Redactor = Redaction.default()
    if form == "xai-grpc":
        rules = ConversationRedaction(rules)
    told: list[str] = []
    kept = 0
    for data in files:
        try:
            found = read_recording(data, "a.file", form=form).interactions
            text = write_cassette(map(rules.redact, found))
        except HarnessError as error:
            told.append(str(error))
            continue
        assert read_cassette(text, seals="error") == tuple(map(rules.redact, found))
        kept += 1
    assert [one for one in told if "\n" in one or not one.startswith("a.file")] == []
    return kept, len(told)


@pytest.mark.parametrize("form", SAMPLES)
def test_no_cut_breaks_it(form: str) -> None:
    """Each file that is cut short is refused in one line."""
    data = json.dumps(SAMPLES[form]).encode()
    for end in range(len(data)):
        with pytest.raises(HarnessError, match=r"^a\.file") as caught:
            read_recording(data[:end], "a.file")

        assert "\n" not in str(caught.value)


def test_all_formats_are_spoiled() -> None:
    """But for vcrpy's, which has tests of its own, and httprr's, which is no JSON."""
    assert {*SAMPLES} == {*FORMATS} - {"vcrpy", "httprr"}


def test_a_few_lines_that_say_too_much() -> None:
    """Aliases of aliases are counted, not written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    text = "\n".join(["http_interactions: 1", *lines, "http_interactions: [*a11]\n"])

    with pytest.raises(HarnessError, match=r"^a\.file says the same by aliases, over"):
        read_recording(text.encode(), "a.file")
