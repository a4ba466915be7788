"""The page of a report with contents that are large, or hostile; and for everybody."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cli import main
from harness.report import Entry, Hiding, Miss, Part, file_entries
from harness.report.hiding import PIECES

expect = pytest.importorskip("playwright.sync_api").expect

#: Whether something is wider than it may be.
WIDE = (
    "[...document.querySelectorAll('body, main, .text, pre')]"
    ".some(one => one.scrollWidth > one.clientWidth)"
)
URL = "https://api.openai.com/v1/chat/completions"
ATTACK = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "<style>*{display:none}</style><!-- ]]> \u2028 \u202egnp.exe \x00 {{7*7}} "
)


def recorded(text: str, **more: Any) -> Interaction:
    """Give a chat in which both sides say *text*, as JSON spells it."""
    said = json.dumps({"role": "assistant", "content": text})
    return Interaction(
        "POST",
        URL,
        200,
        request_body=json.dumps(
            {"model": "m", "messages": [{"role": "user", "content": text}]}
        ).encode(),
        response_body=b'{"choices": [{"finish_reason": "stop", "message": %s}]}'
        % said.encode(),
        **more,
    )


def entries_of(path: Path, *interactions: Interaction) -> list[Entry]:
    """Give what a cassette of *interactions* has to show."""
    path.write_text(write_cassette(interactions), "utf-8")
    return file_entries(path, Hiding())


def test_hostile_text_stays_text(open_page, tmp_path):
    """Markup in messages, headers, paths, titles and errors does nothing."""
    home = tmp_path / "<b onclick=alert(3)>"
    home.mkdir()
    headers = (("x-<script>alert(4)</script>", ATTACK),)
    entries = entries_of(home / "a.yaml", recorded(ATTACK, response_headers=headers))
    entries.append(Entry(ATTACK, "problem", ATTACK, problem=ATTACK))

    page = open_page(entries, title=ATTACK)

    assert page.locator(".bubble").count() == 2
    assert "<img src=x onerror=alert(2)>" in page.locator(".bubble.human").inner_text()
    assert page.locator("main img, main script, main style").count() == 0
    for tab in ("response", "request", "stream", "compare", "talk"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_selector(f"#tab-{tab}[aria-selected=true]")
    page.locator(".line").nth(1).click()
    page.wait_for_selector(".problem.block")


def test_halves_of_characters_do_no_harm(open_page, tmp_path):
    """What is no Unicode is shown as a mark, and the rest as it is."""
    entries = entries_of(tmp_path / "a.yaml", recorded("before \ud83d after"))

    page = open_page(entries)

    assert "before \ufffd after" in page.locator(".bubble.ai").inner_text()


def test_a_very_long_text_is_cut(open_page, tmp_path):
    """Of 1 MB a part is shown, which says how much is missing; the page is small."""
    entries = entries_of(tmp_path / "a.yaml", recorded("long words " * 100_000))

    page = open_page(entries)

    assert "Some of it is very long, and was cut" in page.locator(".head").inner_text()
    assert "[cut here: 900,000 more characters]" in (
        page.locator(".bubble.ai .text").text_content()
    )
    assert (tmp_path / "report.html").stat().st_size < 300_000
    button = page.locator(".bubble.ai button").first
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert not page.evaluate(WIDE)


def test_a_line_without_end_does_not_widen_the_page(open_page, tmp_path):
    """Text without a space is broken, in all tabs."""
    page = open_page(entries_of(tmp_path / "a.yaml", recorded("x" * 50_000)))
    for tab in ("response", "request", "talk"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_selector(f"#tab-{tab}[aria-selected=true]")

        assert not page.evaluate(WIDE)


def test_bytes_are_shown_as_base64(open_page, tmp_path):
    """What is no text is said to be none."""
    image = Interaction(
        "GET", "https://a.b/c.png", 200, response_body=b"\x89PNG\xff\x00"
    )
    entries = entries_of(tmp_path / "a.yaml", image)

    page = open_page(entries)
    page.locator("#tab-response").click()

    expect(page.locator(".raw")).to_contain_text("These are bytes")
    assert "iVBORw==" not in page.locator(".raw").inner_text()
    assert "iVBOR/8A" in page.locator(".raw").inner_text()


def test_an_image_that_was_sent_is_seen(open_page, tmp_path):
    """Inline data is shown; an address is told, and not asked."""
    dot = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
        "awAAAABJRU5ErkJggg=="
    )
    parts = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{dot}"}},
        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
    ]
    asked = {"model": "m", "messages": [{"role": "user", "content": parts}]}
    one = Interaction("POST", URL, 200, request_body=json.dumps(asked).encode())

    page = open_page(entries_of(tmp_path / "a.yaml", one))

    image = page.locator(".bubble img")
    expect(image).to_have_count(1)
    image.evaluate("one => one.decode()")
    assert image.evaluate("one => one.naturalWidth") == 1
    assert "https://a.b/c.png" in page.locator(".bubble.human").inner_text()


def exchange(number: int, asked: str, answered: str) -> dict[str, Any]:
    """Give an exchange as it goes into the page."""
    message = {"content": asked, "type": "human", "tool_calls": []}
    return {
        "number": number,
        "place": f"a.yaml, interaction {number}",
        "dialect": "openai-chat",
        "host": "a.b",
        "model": f"m{number % 7}",
        "streamed": False,
        "about": "",
        "problem": "",
        "request": {"messages": [message], "tools": [], "tool_choice": None},
        "answer": {"content": answered, "type": "ai", "tool_calls": []},
        "fault": None,
        "usage": {},
        "timing": None,
        "pieces": [],
        "new": 1,
    }


def test_a_thousand_conversations(open_page):
    """Only lines that are seen are made, wherever one scrolls, searches or jumps."""
    entries = [
        Entry(
            f"a.yaml/{n}",
            "chat",
            "a.yaml",
            (Part("", (exchange(n, f"Question {n}", f"Answer {n} " * 200),)),),
        )
        for n in range(1, 1001)
    ]

    page = open_page(entries, at="#a.yaml/700")
    lines = page.locator(".line")

    assert page.locator("#count").inner_text() == "1,000 conversations"
    assert (
        page.locator(".line[aria-selected=true]")
        .inner_text()
        .startswith("Question 700")
    )
    assert lines.count() < 40
    page.locator("#list").focus()
    page.keyboard.press("End")
    expect(page.locator("#heading")).to_have_text("Question 1000")
    assert lines.count() < 40
    page.locator("#search").fill("question 777")
    expect(lines).to_have_count(1)
    page.locator("#search").fill("answer")
    expect(page.locator("#count")).to_have_text("1,000 conversations")


def test_nothing_is_a_page_too(open_page):
    """Without any conversation the page says so, and that no filter is why."""
    page = open_page([])

    assert page.locator("main").inner_text() == "There is nothing on this page."
    assert page.locator("#count").inner_text() == "0 conversations"
    assert page.locator("#list.none").count() == 0


def test_a_link_leads_to_a_call_of_a_test(open_page):
    """Addresses of tests work as those of files do, also in a comparison."""
    calls = (exchange(1, "Weather in Oslo?", "Rain"), exchange(2, "And Rome?", "Sun"))
    entries = [
        Entry(f"test_a.py::test_{name}", "test", "test_a.py", (Part("chat", calls),))
        for name in "ab"
    ]

    page = open_page(entries, at="#test_a.py::test_b/2?tab=compare")

    expect(page.locator("#heading")).to_have_text("test_b")
    assert "call 2 of 2" in page.locator(".stepper").inner_text()
    assert page.locator(".side-name").all_inner_texts()[:2] == [
        "test_a.py::test_b/1",
        "test_a.py::test_b/2",
    ]


def test_a_stream_that_was_cut_says_so(open_page, tmp_path):
    """What is counted is what came; how much of it is shown is told."""
    one = exchange(1, "Count!", "word ")
    pieces = [[n, "text", "word "] for n in range(PIECES + 5)]
    timing = {"first": 0, "last": PIECES + 4, "gap": 1}
    said = {**one, "pieces": pieces, "timing": timing, "streamed": True}
    shown = Hiding().exchange(said)

    page = open_page(
        [Entry("a.yaml/1", "chat", "a.yaml", (Part("", (shown,)),))],
        at="#a.yaml/1?tab=stream",
    )

    figures = page.locator(".figures").inner_text().split("\n")
    assert figures[figures.index("Pieces") + 1] == "20,005"
    assert "Characters" not in figures
    assert "The first 20,000 pieces are shown." in page.locator(".stream").inner_text()
    assert page.locator(".stream summary").inner_text() == "The first 20,000 pieces"


# -------------------------------------------------------------- for everybody


@pytest.fixture(scope="module")
def varied(tmp_path_factory) -> Path:
    """Give a page with all that there is: tools, faults, two runs, a damaged file."""
    root = Path(__file__).parents[2]
    tmp_path = tmp_path_factory.mktemp("varied")
    home = tmp_path / "run"
    home.mkdir()
    for name in ("weather", "anthropic-weather", "broken-streams", "refused-once"):
        text = (root / "cassettes" / f"{name}.yaml").read_text("utf-8")
        (home / f"{name}.yaml").write_text(text, "utf-8")
    (home / "damaged.yaml").write_text("interactions: [{request: {", "utf-8")
    (tmp_path / "other").mkdir()
    text = text.replace("Boston", "Lisbon")
    (tmp_path / "other" / "refused-once.yaml").write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        main(["report", "run", str(root / "fakes/weather.yaml"), "--against", "other"])
    return tmp_path / "report.html"


def violations(page: Any, scheme: str) -> list[str]:
    """Give what axe finds wrong in the page as it is now; of dark, in its colors."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    options = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    found = axe.run(page, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(open_page, varied, scheme):
    """Axe has nothing to say, in any tab, with the keys shown, on a narrow screen."""
    page = open_page(varied, at="#run/weather.yaml/3", color_scheme=scheme)
    found = violations(page, scheme)
    for tab in ("stream", "request", "response", "compare"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_selector(f"#tab-{tab}[aria-selected=true]")
        found += violations(page, scheme)
    for at in (
        "run/damaged.yaml",
        "run/refused-once.yaml/1",
        "run/broken-streams.yaml/1",
    ):
        page.evaluate(f"location.hash = '#{at}'")
        page.wait_for_selector(f".path:has-text('{at}')")
        found += violations(page, scheme)
    page.locator("#tab-compare").click()
    page.locator("#switch-wrong").click()
    found += violations(page, scheme)
    page.set_viewport_size({"width": 390, "height": 780})
    found += violations(page, scheme)
    page.keyboard.press("?")
    page.locator("#keys").wait_for()
    found += violations(page, scheme)

    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_failed_test_can_be_read_by_everybody(open_page, scheme):
    """A test with a miss shows both requests side by side; axe has nothing to say."""
    asked, near = (
        exchange(1, "Weather in Oslo?", ""),
        exchange(2, "Weather in Rome?", ""),
    )
    entry = Entry(
        "tests/test_a.py::test_b",
        "test",
        "tests/test_a.py",
        (Part("cassette weather", (exchange(1, "Hi", "Hello"),)),),
        problem="AssertionError",
        outcome="failed",
        misses=(Miss("no answer to this request", asked, near),),
    )

    page = open_page([entry], color_scheme=scheme)

    assert page.locator(".miss .meaning del").all_inner_texts() == ["Rome"]
    assert page.locator(".miss .meaning ins").all_inner_texts() == ["Oslo"]
    assert page.locator(".line .mark.bad").inner_text() == "failed"
    assert violations(page, scheme) == []
