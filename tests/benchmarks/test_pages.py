"""The tables of a run, put between the marks of a page."""

import json

from measuring import Spread
from pages import MACHINE, UNMET, blocks, filled, main
from tables import Growth, Report, Row

ONE = Spread(1.0, 1.0, 1.0)
FAST = Row("fast", "work", 10, "us", ONE, aim="<= 2 us")
SLOW = Row("slow things", "work", 10, "us", ONE, aim="<= 0.5 us")
GROWN = Growth("slow things", "work", (1, 10), ONE)
PAGE = f"""# Page

<!-- measured: {MACHINE} -->
Nothing yet.
<!-- end -->

## Fast

<!-- measured: fast -->
<!-- end -->

## Slow

<!-- measured: slow things -->
old
<!-- end -->

<!-- measured: {UNMET} -->
old
<!-- end -->
"""


def report(*lines):
    """Give the report of a run."""
    return Report("2026-01-02", {"": "Some CPU"}, {}, [*lines])


def test_only_what_is_marked_changes():
    """Words around stay, and so does a mark that nothing was measured for."""
    page = filled(PAGE, {"fast": "new", "unknown": "lost"})

    assert page == PAGE.replace(
        "<!-- measured: fast -->\n", "<!-- measured: fast -->\n\nnew\n\n"
    )
    assert filled(page, {"fast": "new"}) == page


def test_a_whole_run_fills_all():
    """With pictures of those that have one, the machine, and what is not met."""
    found = blocks(report(FAST, SLOW, GROWN), {"slow-things.svg"}, PAGE)

    assert [*found] == ["fast", "slow things", MACHINE, UNMET]
    assert found["fast"].startswith("Measured on 2026-01-02.\n\n| what |")
    assert found["slow things"].endswith(
        "\n\n![slow things: cost against size](images/benchmarks/slow-things.svg)"
    )
    assert found[MACHINE] == "Measured on 2026-01-02: Some CPU."
    assert (
        found[UNMET] == "- slow things: work, n = 10: aim <= 0.5 us; measured 1.00 us"
    )


def test_a_run_of_some_groups_says_nothing_of_the_whole():
    """Aims of the other groups may be missed still."""
    assert [*blocks(report(FAST), (), PAGE)] == ["fast"]


def test_the_page_is_made_of_the_files_of_a_run(tmp_path):
    """JSON and pictures come from its folder."""
    measured, docs = tmp_path / "bench", tmp_path / "docs"
    measured.mkdir()
    docs.mkdir()
    (docs / "benchmarks.md").write_text(PAGE, "utf-8")
    (measured / "fast.svg").write_text("<svg/>", "utf-8")
    said = json.dumps(report(FAST, SLOW).plain())
    (measured / "benchmarks.json").write_text(said, "utf-8")

    main(measured, docs)

    text = (docs / "benchmarks.md").read_text("utf-8")
    assert "| work, n = 10 | 1.00 us |" in text
    assert "old" not in text
    assert (docs / "images" / "benchmarks" / "fast.svg").read_text("utf-8") == "<svg/>"
