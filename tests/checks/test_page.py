"""The page on checking shows the table of rules as it is."""

from pathlib import Path

from harness.checks import RULES

PAGE = Path(__file__).parents[2] / "docs" / "checking.md"
BEGIN, END = "made of RULES by tests/checks/test_page.py -->\n", "<!-- end of rules -->"


def table() -> str:
    """Give the rules as a table of Markdown."""
    rows = [
        f"| `{rule.name}` | {rule.severity} | {rule.means} | {rule.todo} |\n"
        for rule in RULES.values()
    ]
    return "| rule | severity | what it means | what to do |\n|---|---|---|---|\n" + (
        "".join(rows)
    )


def test_the_table_is_that_of_the_rules() -> None:
    """Else write it: `table()` gives it."""
    said = PAGE.read_text("utf-8")

    assert said.partition(BEGIN)[2].partition(END)[0] == table()
