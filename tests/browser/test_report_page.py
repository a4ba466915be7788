"""The page of a report, used as people do: with the keyboard, a mouse, and links."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cli import main

expect = pytest.importorskip("playwright.sync_api").expect

URL = "https://api.openai.com/v1/chat/completions"
BOUND = {"type": "function", "function": {"name": "get_time", "parameters": {}}}


def chat(
    messages: list[dict], answer: str, *, model="gpt-5-mini", tools=(), call=None
) -> Interaction:
    """Give a streamed chat, a piece every 50 ms, in all 300 ms of nothing between."""
    asked = {"model": model, "messages": messages, "stream": True}
    if tools:
        asked["tools"] = [*tools]
    deltas = [{"content": word} for word in answer.split("|")]
    if call:
        called = {"name": call, "arguments": '{"city": "Oslo"}'}
        deltas.append(
            {"tool_calls": [{"index": 0, "id": "call_1", "function": called}]}
        )
    ends = "tool_calls" if call else "stop"
    events = [*({"delta": one} for one in deltas), {"delta": {}, "finish_reason": ends}]
    said = (
        {"id": "c", "model": model, "choices": [{"index": 0} | event]}
        for event in events
    )
    pieces = [f"data: {json.dumps(one)}\n\n".encode() for one in said]
    pieces.append(b"data: [DONE]\n\n")
    times = [200 + 50 * n + 300 * (n > 1) for n, _ in enumerate(pieces)]
    return Interaction(
        "POST",
        URL,
        200,
        request_body=json.dumps(asked).encode(),
        response_headers=(("content-type", "text/event-stream"),),
        response_body=b"".join(pieces),
        response_chunks=tuple(pieces),
        chunk_times=tuple(times),
    )


def user(text: str) -> dict:
    """Give a message of the user."""
    return {"role": "user", "content": text}


def assert_in_order(*positions: float) -> None:
    """Hold that each is after the one before."""
    assert all(before < after for before, after in pairwise(positions))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Give a folder of recordings, and one of the night before, where one differs."""
    asked = [user("What time is it in Oslo?")]
    said = {"name": "get_time", "arguments": '{"city": "Oslo"}'}
    call = {"id": "call_1", "type": "function", "function": said}
    more = [
        *asked,
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"hour": 9}'},
    ]
    refused = Interaction(
        "POST",
        "https://api.anthropic.com/v1/messages",
        429,
        request_body=json.dumps(
            {"model": "claude-haiku", "max_tokens": 9, "messages": [user("Sing!")]}
        ).encode(),
        response_headers=(("content-type", "application/json"),),
        response_body=json.dumps(
            {
                "type": "error",
                "error": {"type": "rate_limit_error", "message": "Slow down"},
            }
        ).encode(),
    )
    tmp_path = tmp_path_factory.mktemp("runs")
    for folder, hour in (("now", "nine"), ("before", "eight")):
        home = tmp_path / folder
        home.mkdir()
        (home / "oslo.yaml").write_text(
            write_cassette(
                [
                    chat(asked, "Let| me| see.", tools=[BOUND], call="get_time"),
                    chat(more, f"It| is| {hour}.", tools=[BOUND]),
                ]
            ),
            "utf-8",
        )
        (home / "song.yaml").write_text(write_cassette([refused]), "utf-8")
        (home / "hello.yaml").write_text(
            write_cassette([chat([user("Hello!")], "Hi| there.", model="gpt-5")])
        )
    return tmp_path


@pytest.fixture(scope="module")
def page_file(run: Path) -> Path:
    """Give the page of both runs."""
    command = ["report", "now", "--against", "before", "-o", "report.html"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(run)
        assert main([*command, "--title", "Nightly"]) == 0
    return run / "report.html"


def titles(page) -> list[str]:
    """Give what the list shows."""
    return page.locator(".line-title").all_inner_texts()


def test_the_list_and_a_conversation_are_there(open_page, page_file):
    """Each conversation is a line; the first is open, with what it is about."""
    page = open_page(page_file)

    assert page.title() == page.locator("h1").inner_text() == "Nightly"
    assert titles(page) == ["Hello!", "What time is it in Oslo?", "Sing!"]
    assert page.locator("#count").inner_text() == "3 of 6 conversations"
    assert page.locator("#heading").inner_text() == "Hello!"
    assert page.locator(".bubble").all_inner_texts()[0] == "User\nHello!"


def test_a_conversation_shows_calls_and_their_results(open_page, page_file):
    """Who said what, in order: arguments are laid out, the result has its tool."""
    page = open_page(page_file, "#now/oslo.yaml/1")
    bubbles = [
        " ".join(text.split()) for text in page.locator(".bubble").all_inner_texts()
    ]

    assert bubbles[0] == "User What time is it in Oslo?"
    assert 'call get_time call_1 Copy { "city": "Oslo" }' in bubbles[1]
    assert bubbles[2] == 'Tool get_time { "hour": 9 }'
    assert bubbles[3].startswith("Assistant It is nine.")
    assert page.locator(".exchange summary").all_inner_texts() == [
        "1 tool bound: get_time"
    ]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("oslo", ["What time is it in Oslo?"]),
        ("NINE", ["What time is it in Oslo?"]),
        ("claude-haiku", ["Sing!"]),
        ("anthropic slow", ["Sing!"]),
        ("hello.yaml", ["Hello!"]),
        ("get_time", ["What time is it in Oslo?"]),
        ("nothing like that", []),
    ],
)
def test_search(open_page, page_file, words, found):
    """Messages, tools, models, hosts and paths are searched, for all words."""
    page = open_page(page_file)

    page.locator("#search").fill(words)

    assert titles(page) == found
    assert page.locator("#count").inner_text() == f"{len(found)} of 6 conversations"


@pytest.mark.parametrize(
    ("facet", "value", "found"),
    [
        ("dialect", "anthropic-messages", ["Sing!"]),
        ("model", "gpt-5", ["Hello!"]),
        ("host", "api.openai.com", ["Hello!", "What time is it in Oslo?"]),
        ("status", "rate_limit", ["Sing!"]),
        ("tool", "get_time", ["What time is it in Oslo?"]),
    ],
)
def test_filters(open_page, page_file, facet, value, found):
    """A filter leaves what has that, and can be cleared."""
    page = open_page(page_file)
    all_of_them = titles(page)
    if page.locator(f"#facet-{facet}").count():
        page.locator(f"#facet-{facet}").select_option(value)
        assert titles(page) == found
        page.locator(f"#facet-{facet}").select_option("")
    else:
        assert found == ["What time is it in Oslo?"]  # one value: nothing to choose

    assert titles(page) == all_of_them


@pytest.mark.parametrize(
    ("switch", "found"),
    [
        ("streamed", ["Hello!", "What time is it in Oslo?"]),
        ("tools", ["What time is it in Oslo?"]),
        ("wrong", ["Sing!"]),
        ("differs", ["What time is it in Oslo?"]),
    ],
)
def test_switches(open_page, page_file, switch, found):
    """A switch leaves what is so, says that it is on, and goes with Clear."""
    page = open_page(page_file)

    page.locator(f"#switch-{switch}").click()

    assert titles(page) == found
    assert page.locator(f"#switch-{switch}").get_attribute("aria-pressed") == "true"
    page.locator("#clear").click()
    assert page.locator("#count").inner_text() == "6 conversations"


def test_the_keyboard_is_enough(open_page, page_file):
    """Keys go down the list, into a conversation, to its tabs, and back."""
    page = open_page(page_file)
    heading = page.locator("#heading")
    press = page.keyboard.press

    press("j")
    expect(heading).to_have_text("What time is it in Oslo?")
    press("k")
    expect(heading).to_have_text("Hello!")
    press("/")
    page.keyboard.type("oslo")
    press("Enter")
    expect(heading).to_have_text("What time is it in Oslo?")
    expect(page.locator("#list")).to_be_focused()
    press("Enter")
    expect(heading).to_be_focused()
    press("2")
    page.wait_for_selector("#tab-stream[aria-selected=true]")
    press("]")
    expect(page).to_have_url(re.compile("#now/oslo.yaml/2"))
    press("Escape")
    expect(page.locator("#list")).to_be_focused()
    press("?")
    expect(page.locator("#keys")).to_be_visible()
    press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_list_says_what_is_chosen(open_page, page_file):
    """A screen reader hears which line of how many is the current one."""
    page = open_page(page_file)
    page.locator("#list").focus()

    page.keyboard.press("ArrowDown")

    active = page.locator("#list").get_attribute("aria-activedescendant")
    line = page.locator(f"#{active}")
    assert "Oslo" in line.inner_text()
    assert line.get_attribute("aria-selected") == "true"
    assert (
        line.get_attribute("aria-posinset"),
        line.get_attribute("aria-setsize"),
    ) == (
        "2",
        "3",
    )


def test_tabs_move_with_arrows(open_page, page_file):
    """One tab can be reached with Tab, the others with the arrow keys."""
    page = open_page(page_file, "#now/oslo.yaml/1")
    page.locator("#tab-talk").focus()

    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#tab-stream[aria-selected=true]")

    assert page.evaluate("document.activeElement.id") == "tab-stream"
    assert page.locator("[role=tab][tabindex='0']").count() == 1


def test_a_link_leads_to_a_call(open_page, page_file):
    """Path and number open a conversation there; a tab can be named, and is kept."""
    page = open_page(page_file, "#now/oslo.yaml/2?tab=response")

    assert "call 2 of 2" in page.locator(".stepper").inner_text()
    assert "nine." in page.locator(".raw").inner_text()
    page.locator("#tab-request").click()
    assert page.evaluate("location.hash") == "#now/oslo.yaml/2?tab=request"
    page.evaluate("location.hash = '#now/song.yaml/1'")
    expect(page.locator("#heading")).to_have_text("Sing!")
    assert page.locator(".line[aria-selected=true]").inner_text().startswith("Sing!")


@pytest.mark.parametrize(
    ("at", "pressed", "focused"),
    [
        ("?tab=stream", "[aria-label='Next call']", "tab-stream"),
        ("", "[aria-label='Stream of call 1']", "tab-stream"),
        ("", "[aria-label='Raw text of call 2']", "tab-request"),
    ],
)
def test_focus_is_not_lost_with_what_had_it(open_page, page_file, at, pressed, focused):
    """Where the button goes that was pressed, the tab that is shown has the focus."""
    page = open_page(page_file, f"#now/oslo.yaml/1{at}")

    page.locator(pressed).focus()
    page.keyboard.press("Enter")

    expect(page.locator(f"#{focused}")).to_be_focused()


def test_a_link_to_nothing_says_so(open_page, page_file):
    """Who follows an old link sees that this is something else; until it is not."""
    page = open_page(page_file, "#now/gone.yaml/1")

    expect(page.locator(".note")).to_have_text(
        "There is no now/gone.yaml/1 on this page."
    )
    expect(page.locator("#heading")).to_have_text("Hello!")
    page.evaluate("location.hash = '#now/song.yaml/1'")
    expect(page.locator("#heading")).to_have_text("Sing!")
    expect(page.locator(".note")).to_have_count(0)


def test_focus_after_filters(open_page, page_file):
    """Clear goes with what it clears, so the search has the focus then."""
    page = open_page(page_file)
    page.locator("#switch-tools").click()

    page.locator("#clear").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#search")).to_be_focused()


def test_enter_opens_what_the_list_has(open_page, page_file):
    """A conversation that was filtered out is not opened; the first in the list is."""
    page = open_page(page_file, "#now/oslo.yaml/1")
    page.locator("#search").fill("sing")

    page.locator("#list").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#heading")).to_have_text("Sing!")


def test_light_and_dark(open_page, page_file):
    """The page is as the system is, until it is told otherwise."""
    page = open_page(page_file, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)

    page.locator("#theme").click()

    assert before == "rgb(18, 19, 22)"
    assert page.evaluate(ground) == "rgb(246, 246, 244)"
    page.keyboard.press("t")
    assert page.evaluate(ground) == before


def test_the_stream_is_a_plot_in_time(open_page, page_file):
    """Figures, a mark at the first token and the longest gap; a piece can be read."""
    page = open_page(page_file, "#now/oslo.yaml/2?tab=stream")
    figures = page.locator(".figures").inner_text().split("\n")

    assert figures[figures.index("First token") + 1] == "200 ms"
    assert figures[figures.index("Longest gap") + 1] == "350 ms"
    assert figures[figures.index("Characters") + 1] == "11"
    assert page.locator(".plot .label").all_text_contents() == [
        "gap 350 ms",
        "first token 200 ms",
    ]
    page.locator(".plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator(".readout").inner_text() == (
        'Piece 2 at 250 ms: text, " is"; 5 characters until here'
    )
    marks = page.locator(".plot .tick").evaluate_all(
        "all => all.map(one => one.x.baseVal[0].value)"
    )
    assert_in_order(*marks[-5:])


def test_two_runs_are_compared(open_page, page_file):
    """By meaning, and by text side by side; what is the same is said to be."""
    page = open_page(page_file, "#now/oslo.yaml/2?tab=compare")

    assert page.locator(".verdict").inner_text() == "1 difference in meaning"
    assert page.locator(".meaning tbody tr").inner_text().split() == (
        "answer.content It is eight. It is nine.".split()
    )
    assert page.locator(".meaning del").inner_text() == "eight"
    assert page.locator(".sides del").all_inner_texts() == ["eight"]
    assert page.locator(".sides ins").all_inner_texts() == ["nine"]
    assert "the same, letter by letter" in page.locator(".same-text").inner_text()
    page.evaluate("location.hash = '#now/oslo.yaml/1?tab=compare'")
    page.wait_for_selector(".verdict.same")


def test_any_two_calls_can_be_compared(open_page, page_file):
    """One is marked, another is opened, and they stand side by side."""
    page = open_page(page_file, "#now/hello.yaml/1")

    page.keyboard.press("m")
    page.evaluate("location.hash = '#now/song.yaml/1'")
    expect(page.locator("#heading")).to_have_text("Sing!")
    page.keyboard.press("5")
    page.locator("#other").select_option("now/hello.yaml/1")
    expect(page.locator(".side-name").first).to_have_text("now/hello.yaml/1")

    assert "differences in meaning" in page.locator(".verdict").inner_text()
    assert page.evaluate("location.hash").endswith("with=now%2Fhello.yaml%2F1")


EDITED = """() => {
  let seed = 7;
  const random = (most) => { seed = (seed * 48271) % 2147483647; return seed % most; };
  const list = (most) => Array.from({ length: random(most) }, () => "abcd"[random(4)]);
  for (let n = 0; n < 400; n += 1) {
    const [left, right] = [list(14), list(14)];
    const [kept, made, source] = [[], [], []];
    for (const one of edits(left, right)) {
      if (one.kind !== "added") source.push(left[one.left]);
      if (one.kind !== "removed") made.push(right[one.right]);
      if (one.kind === "same") kept.push(left[one.left] === right[one.right]);
    }
    const lengths = left.map(() => new Array(right.length + 1).fill(0));
    lengths.push(new Array(right.length + 1).fill(0));
    for (let i = left.length - 1; i >= 0; i -= 1) {
      for (let j = right.length - 1; j >= 0; j -= 1) {
        lengths[i][j] = left[i] === right[j]
          ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
      }
    }
    const best = lengths[0][0];
    if (kept.includes(false) || kept.length !== best
      || made.join() !== right.join() || source.join() !== left.join()) {
      return [left.join(""), right.join("")];
    }
  }
  return null;
}"""


def test_differences_are_the_fewest(open_page, page_file):
    """What is kept is right and as long as can be; the rest makes one of the other."""
    page = open_page(page_file)

    assert page.evaluate(EDITED) is None


def test_a_copied_link_is_the_address(open_page, page_file):
    """The button copies what leads here."""
    page = open_page(
        page_file, "#now/song.yaml/1", permissions=["clipboard-read", "clipboard-write"]
    )

    page.locator("#copy-link").click()
    expect(page.locator("#copy-link")).to_have_text("Copied")

    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_on_a_narrow_screen_the_list_gives_way(open_page, page_file):
    """One of list and conversation is seen, and nothing is wider than the screen."""
    page = open_page(page_file, viewport={"width": 390, "height": 780})
    wide = "document.querySelector('main').scrollWidth > innerWidth"

    assert page.locator("#list").is_visible()
    assert page.locator("#main").is_hidden()
    page.locator(".line").nth(1).click()
    page.wait_for_selector("#heading", state="visible")
    assert page.locator("#list").is_hidden()
    assert not page.evaluate(wide)
    page.locator("#tab-compare").click()
    page.wait_for_selector(".comparison")
    assert not page.evaluate(wide)
    page.locator("#back").click()
    assert page.locator("#list").is_visible()
