"""What goes into the page of a report, and what never does."""

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.cassettes import Interaction, write_cassette
from harness.cassettes.redaction import Redaction
from harness.report import Entry, Hiding, compared, file_entries, page_of
from harness.report.hiding import LIMIT, PIECES, shortened
from harness.report.page import SCRIPTS

ROOT = Path(__file__).parents[2]
REPORT = Path(harness.__file__).parent / "report"
URL = "https://api.openai.com/v1/chat/completions"
KEY = "sk-proj-Zq3vY8tR5wN2mK7pL4jH9gF6dS1aXcVbEuTiOyPw"


def unpacked(page: str) -> dict[str, Any]:
    """Give all that a page holds, by the names of its parts."""
    parts = re.findall(r'<script type="application/gzip" id="(.*?)">(.*?)<', page)
    return {
        name: json.loads(gzip.decompress(base64.b64decode(text)))
        for name, text in parts
    }


def chat(asked: str, answered: str, **more: Any) -> Interaction:
    """Give a recorded chat."""
    message = {"role": "assistant", "content": answered}
    return Interaction(
        "POST",
        URL,
        200,
        request_body=json.dumps(
            {"model": "m", "messages": [{"role": "user", "content": asked}]}
        ).encode(),
        response_body=json.dumps(
            {"choices": [{"finish_reason": "stop", "message": message}]}
        ).encode(),
        **more,
    )


def entries_of(path: Path, *ones: Interaction, run: int = 0) -> list[Entry]:
    """Give what a cassette of *ones* has to show."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(write_cassette(ones), "utf-8")
    return file_entries(path, Hiding(), run)


def test_the_list_tells_of_conversations():
    """A line has what was asked and answered, who, how it ended, what it took."""
    entries = file_entries(Path("cassettes/weather.yaml"), Hiding())

    rows = unpacked(page_of(entries, "All"))["index"]["rows"]

    assert [row["id"].rpartition("/")[2] for row in rows] == ["1", "2", "3", "5"]
    agent = rows[2]
    assert agent["title"] == "What's the weather in Boston and Tokyo?"
    assert agent["about"].startswith("It is 72°F and sunny in Boston")
    assert (agent["numbers"], agent["tools"]) == ([3, 4], ["get_weather"])
    assert (agent["hosts"], agent["statuses"]) == (["api.openai.com"], ["200"])
    assert (agent["streamed"], agent["wrong"], agent["output"]) == (True, False, 60)


def test_packs_have_messages_once():
    """What each call of a conversation repeats is in the page once."""
    entries = file_entries(Path("cassettes/weather.yaml"), Hiding())

    pack = unpacked(page_of(entries, "All"))["pack-0"]

    asked = [
        one["request"]["messages"]
        for entry in pack["entries"]
        for part in entry["parts"]
        for one in part["exchanges"]
    ]
    assert asked[:3] == [[0], [0], [1]]
    assert asked[3][0] == 1
    assert pack["shared"][1]["content"] == "What's the weather in Boston and Tokyo?"


def test_large_files_are_in_several_packs(tmp_path):
    """The page reads what is opened, and no more."""
    entries = entries_of(
        tmp_path / "a.yaml", *(chat(f"{n}", "word " * 30_000) for n in range(9))
    )

    data = unpacked(page_of(entries, "All"))

    sizes = data["index"]["packs"]
    assert len(sizes) > 1
    assert sum(sizes) == 9
    assert [len(data[f"pack-{n}"]["entries"]) for n in range(len(sizes))] == sizes


def test_the_page_is_alone():
    """It names nothing that could be loaded, and lets only its own scripts run."""
    page = page_of(file_entries(Path("cassettes/weather.yaml"), Hiding()), "All")
    policy = re.search(r'Policy" content="(.*?)"', page)[1]

    assert policy.startswith("default-src 'none'; img-src data:; base-uri 'none'")
    assert policy.count("sha256-") == len(SCRIPTS) + 1
    assert "unsafe" not in policy
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)\w+:""", page) == []


def test_nothing_is_set_as_html():
    """No script of the page makes markup of text, or code of it."""
    unsafe = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\("
    for name in SCRIPTS:
        assert re.findall(unsafe, (REPORT / name).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "path", sorted(REPORT.glob("page*")) + sorted(REPORT.glob("*.js"))
)
def test_the_parts_of_the_page_are_small(path):
    """As for Python: a file can be read at once."""
    assert len(path.read_text("utf-8").splitlines()) < 400


def test_a_title_is_no_markup():
    """What is called <b> is called so."""
    page = page_of([], "<b>&</title>")

    assert "<title>&lt;b&gt;&amp;&lt;/title&gt;</title>" in page


# -------------------------------------------------------------------- secrets


FOREIGN = f"""\
interactions:
- request:
    method: POST
    uri: {URL}?api_key=8d1c0b7a4f2e9c33
    headers:
      authorization: [Bearer {KEY}]
      cookie: [session=0a1b2c3d4e5f60718293]
    body: '{{"model": "m",
      "messages": [{{"role": "user", "content": "My key is {KEY}"}}]}}'
  response:
    status: {{code: 200, message: OK}}
    headers:
      set-cookie: [session=ff1b2c3d4e5f60718293]
    body:
      string: '{{"choices": [{{"finish_reason": "stop", "message":
        {{"role": "assistant", "content": "Keep {KEY} to yourself."}}}}]}}'
version: 1
"""
SCRIPT = f"""\
turns:
  - say: Your key is {KEY}
  - call: login
    args: {{password: "hunter2-and-more-9"}}
"""
SECRETS = (KEY, KEY[8:], "8d1c0b7a4f2e9c33", "0a1b2c3d4e5f6", "ff1b2c3d", "hunter2-and")


@pytest.mark.parametrize(("name", "text"), [("a.yaml", FOREIGN), ("b.yaml", SCRIPT)])
def test_no_secret_is_written(tmp_path, name, text):
    """Those in others' recordings and in scripts are hidden, and it is told where."""
    (tmp_path / name).write_text(text, "utf-8")
    hiding = Hiding()

    entries = file_entries(tmp_path / name, hiding)

    page = page_of(entries, "All")
    held = json.dumps(unpacked(page))
    assert entries[0].kind in {"chat", "script"}
    assert [secret for secret in SECRETS if secret in page + held] == []
    assert Redaction().scan(held) == ()
    assert "REDACTED" in held
    assert all(name in place for place in hiding.places)
    assert hiding.places


@pytest.mark.parametrize("content", ["interactions: [{request: {", FOREIGN])
def test_a_secret_in_a_path_is_hidden(tmp_path, content):
    """Nor do names of folders and files show one, in lines, links or notes."""
    path = tmp_path / KEY / "a.yaml"
    path.parent.mkdir()
    path.write_text(content, "utf-8")
    hiding = Hiding()

    page = page_of(file_entries(path, hiding), "All", hiding.notes)

    assert KEY not in json.dumps(unpacked(page))
    assert "the name of a file" in hiding.notes[0]


def test_a_secret_in_pieces_is_hidden(tmp_path):
    """A script that says a key word by word does not show it in its stream."""
    cut = f"turns:\n  - say: The key is {KEY}\n    cut: 4\n"
    (tmp_path / "a.yaml").write_text(cut, "utf-8")

    (entry,) = file_entries(tmp_path / "a.yaml", Hiding())

    (exchange,) = entry.exchanges
    assert "".join(text for _, _, text in exchange["pieces"]) == ""
    assert "REDACTED" in exchange["answer"]["content"]


def test_own_recordings_have_nothing_to_hide():
    """What was recorded here is redacted already: there is no warning for nothing."""
    hiding = Hiding()

    for path in [*ROOT.glob("cassettes/*.yaml"), *ROOT.glob("fakes/*.yaml")]:
        file_entries(path, hiding)

    assert list(hiding.places) == []


def test_a_body_that_cannot_be_looked_into_is_not_shown(tmp_path):
    """What no library undoes may hide a secret from us as well."""
    one = Interaction(
        "POST",
        URL,
        200,
        request_headers=(("authorization", f"Bearer {KEY}"),),
        request_body=b'{"model": "m", "messages": []}',
        response_headers=(("content-encoding", "br"),),
        response_body=b"\x8b\xff\x02" + KEY.encode(),
    )

    (entry,) = entries_of(tmp_path / "a.yaml", one)

    (exchange,) = entry.exchanges
    assert "Its bodies are not shown" in exchange["problem"]
    assert KEY not in json.dumps(exchange)
    assert exchange["raw"]["response_body"] == ""


# ------------------------------------------------------------------- problems


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"interactions: [{request: {", "is damaged"),
        (b"\x00\x01\x02\xff", "a.yaml"),
        (b"", "a.yaml"),
        (b"turns:\n  - sya: Hello\n", "say"),
    ],
)
def test_what_cannot_be_read_is_a_problem(tmp_path, content, told):
    """A damaged file is an entry that says what is wrong with it."""
    path = tmp_path / "a.yaml"
    path.write_bytes(content)

    (entry,) = file_entries(path, Hiding())

    assert (entry.kind, entry.id) == ("problem", path.as_posix())
    assert told in entry.problem


def test_an_address_that_is_none_is_shown(tmp_path):
    """What nobody could call is in the file all the same."""
    (entry,) = entries_of(tmp_path / "a.yaml", Interaction("GET", "http://[::1/x", 200))

    (exchange,) = entry.exchanges
    assert (exchange["url"], exchange["host"]) == ("http://[::1/x", "")


def test_numbers_that_are_no_json_are_read_by_a_browser(tmp_path):
    """One of them would make all of its pack unreadable."""
    one = chat("Hi", "Hello")
    body = one.request_body.replace(b'"model"', b'"temperature": 1e999, "model"')
    entries = entries_of(tmp_path / "a.yaml", replace(one, request_body=body))

    page = unpacked(page_of(entries, "All"))

    (entry,) = page["pack-0"]["entries"]
    (exchange,) = entry["parts"][0]["exchanges"]
    assert exchange["request"]["params"] == {"temperature": "1e999"}


def test_what_is_no_chat_is_no_problem(tmp_path):
    """Other traffic of a client is shown as it went over the wire."""
    models = Interaction("GET", "https://api.openai.com/v1/models", 200)

    (entry,) = entries_of(tmp_path / "a.yaml", models)

    (exchange,) = entry.exchanges
    assert (entry.kind, exchange["problem"]) == ("http", "")


def test_long_values_are_cut():
    """Texts and streams have a limit, which they tell; an image has its own."""
    image = "A" * (LIMIT + 1)
    pieces = [[0, "text", "a"]] * (PIECES + 1)

    cut = shortened({"a": ["b" * (LIMIT + 7)], "base64": image, "pieces": pieces})

    assert cut["a"][0].endswith("b\n[cut here: 7 more characters]")
    assert cut["base64"] == image
    assert len(cut["pieces"]) == PIECES


def test_values_that_are_nested_too_deeply_are_left_out(tmp_path):
    """Nothing brings the report down."""
    deep = "[" * 600 + "]" * 600
    one = chat("Hi", "Hello")
    said = one.request_body[:-1] + b', "metadata": {"a": %s}}' % deep.encode()
    path = tmp_path / "a.yaml"
    told = Interaction(
        "POST",
        URL,
        200,
        request_headers=(),
        request_body=said,
        response_headers=(),
        response_body=one.response_body,
    )

    (entry,) = entries_of(path, told)

    assert entry.path == path.as_posix()


# ------------------------------------------------------------------- two runs


def others(entries: list[Entry], root: Path) -> list[tuple[dict[str, str], str]]:
    """Give with what each entry is compared, and what came of it."""
    below = f"{root.as_posix()}/"
    return [
        ({n: at.removeprefix(below) for n, at in one.against.items()}, one.differs)
        for one in entries
    ]


def test_the_same_request_is_found_in_the_other_run(tmp_path):
    """By what was asked, first in the file of that name, wherever it stands there."""
    now = entries_of(tmp_path / "now/a.yaml", chat("Hi", "A"), chat("Bye", "B"))
    before = [
        *entries_of(tmp_path / "old/b.yaml", chat("Hi", "A"), run=1),
        *entries_of(tmp_path / "old/a.yaml", chat("Bye", "B"), chat("Hi", "C"), run=1),
    ]

    found = compared(now, before)

    assert others(found, tmp_path) == [
        ({"1": "old/a.yaml/2"}, "differs"),
        ({"2": "old/a.yaml/1"}, ""),
    ]


def test_equal_requests_go_in_order(tmp_path):
    """The first with the first, the second with the second; each once."""
    now = entries_of(tmp_path / "now/a.yaml", *(chat("Hi", x) for x in "ABC"))
    before = entries_of(tmp_path / "old/a.yaml", chat("Hi", "A"), chat("Hi", "X"))

    found = compared(now, before)

    assert others(found, tmp_path) == [
        ({"1": "old/a.yaml/1"}, ""),
        ({"2": "old/a.yaml/2"}, "differs"),
        ({}, "only here"),
    ]


def test_a_changed_request_goes_with_its_number(tmp_path):
    """Where nothing asked the same, the place in the file tells."""
    now = entries_of(tmp_path / "now/a.yaml", chat("Hi!", "A"))
    before = entries_of(tmp_path / "old/a.yaml", chat("Hi", "A"))

    assert others(compared(now, before), tmp_path) == [
        ({"1": "old/a.yaml/1"}, "differs")
    ]
