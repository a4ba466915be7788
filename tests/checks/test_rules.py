"""The table of rules, and what is chosen of what they found."""

import pytest

from harness.checks import RULES, Finding, chosen


def test_each_rule_is_told_in_full() -> None:
    """A rule has its own name, a severity, and says what it means and what to do."""
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.severity in ("error", "warning", "note")
        assert rule.means.endswith(".")
        assert rule.todo.endswith(".")


@pytest.mark.parametrize(
    ("select", "ignore", "left"),
    [
        ([], [], ["secret", "grammar"]),
        (["quirk"], [], ["quirk"]),
        (["quirk", "secret"], ["secret"], ["quirk"]),
        ([], ["grammar"], ["secret"]),
    ],
)
def test_what_is_chosen(select: list[str], ignore: list[str], left: list[str]) -> None:
    """All but notes, or what is selected; in order, each once, without the ignored."""
    found = [
        Finding("a", line, rule, "x")
        for line, rule in ((3, "quirk"), (2, "grammar"), (1, "secret"), (1, "secret"))
    ]

    assert [one.rule for one in chosen(found, select, ignore)] == left
