"""Rows, growths and their aims, as Markdown and as JSON."""

import json

import pytest
from measuring import Spread
from tables import OURS, Growth, Report, Row, Subject, met, table, unmet

FLAT = Spread(1.0, 1.0, 1.0)


def rows(taken, aims=None, unit="us", size=None):
    """Give the rows of one subject."""
    return [*Subject("group", "work", unit).rows(taken, size, aims)]


def test_each_peer_has_a_row():
    """Beside the same figure of ours, with the ratio of their rounds."""
    found = rows({OURS: [1e-6, 2e-6], "a 1.0": [4e-6, 8e-6], "b": [1e-6, 2e-6]})

    assert [(row.peer, row.ratio) for row in found] == [
        ("a 1.0", Spread(4.0, 4.0, 4.0)),
        ("b", Spread(1.0, 1.0, 1.0)),
    ]
    assert found[0].ours.median == pytest.approx(1.5)


def test_ours_alone_is_a_row():
    """Without peer and ratio."""
    (found,) = rows({OURS: [0.002]}, unit="ms", size=10)

    assert found == Row("group", "work", 10, "ms", Spread(2.0, 2.0, 2.0))


def test_an_aim_of_ours_stands_in_its_first_row():
    """With that of the peer, where there are both."""
    taken = {OURS: [1e-6], "a": [2e-6], "b": [3e-6]}

    found = rows(taken, {OURS: "<= 3 us", "b": ">= 4x"})
    both = rows(taken, {OURS: "<= 3 us", "a": ">= 3x"})

    assert [(row.aim, row.met) for row in found] == [
        ("<= 3 us", True),
        (">= 4x", False),
    ]
    assert [(row.aim, row.met) for row in both] == [
        ("<= 3 us, >= 3x", False),
        (None, None),
    ]


def test_of_what_there_is_in_a_second_more_is_better():
    """The ratio of rates turns round."""
    (found,) = rows({OURS: [200.0], "a": [100.0]}, {"a": ">= 1x"}, "requests/s")

    assert found.ratio == Spread(2.0, 2.0, 2.0)
    assert found.met


@pytest.mark.parametrize(
    ("aim", "kept"),
    [
        (">= 4x", True),
        (">= 4.1x", False),
        ("<= 0.25x the cost", True),
        ("<= 0.2x the cost", False),
        ("<= 2 us", True),
        ("<= 1.9 us", False),
        (">= 4x, <= 2 us", True),
        (">= 4x, <= 1 us", False),
    ],
)
def test_an_aim_is_checked(aim, kept):
    """By ratio, by cost against a peer, by our own figure, or by several of them."""
    (found,) = rows({OURS: [2e-6], "a": [8e-6]}, {"a": aim})

    assert found.met is kept


def test_an_aim_that_cannot_be_read_is_an_error():
    """It shows the aim, and how one is written."""
    with pytest.raises(ValueError, match="no aim: 'fast'; write it as '>= 10x'"):
        met("fast", {}.get)


@pytest.mark.parametrize("aim", ["<= 2 ms", "<= 12x a decade"])
def test_an_aim_in_another_unit_is_an_error(aim):
    """A row has no figure in it."""
    (found,) = rows({OURS: [1e-6], "a": [1e-6]}, {"a": aim})

    with pytest.raises(ValueError, match=f"work has no figure in .*{aim[3:]}"):
        assert found.met


def test_an_aim_against_nobody_is_an_error():
    """Without a peer there is no ratio."""
    (found,) = rows({OURS: [1e-6]}, {OURS: ">= 2x"})

    with pytest.raises(ValueError, match="work has no figure in 'x'"):
        assert found.met


def test_growths_stand_beside_those_of_peers():
    """A peer that ran at one size only has none; the aim is ours, and said once."""
    taken = {
        10: {OURS: [1.0], "a": [1.0], "b": [1.0]},
        1000: {OURS: [100.0], "a": [10000.0]},
    }

    (found,) = Subject("group", "work").growths(taken, "<= 12x a decade")

    assert (found.sizes, found.peer) == ((10, 1000), "a")
    assert found.ours.median == pytest.approx(1.0)
    assert found.theirs.median == pytest.approx(2.0)
    assert found.met


def test_growth_alone_keeps_its_aim():
    """Nobody else ran."""
    taken = {10: {OURS: [1.0]}, 100: {OURS: [100.0]}}

    (found,) = Subject("group", "work").growths(taken, "<= 12x a decade")

    assert (found.peer, found.met) == (None, False)


SLOW = Row(
    "first",
    "job",
    1000,
    "ms",
    Spread(21.0, 21.0, 21.0),
    "b",
    Spread(10.5, 10.5, 10.5),
    Spread(0.5, 0.5, 0.5),
    "<= 1x the cost",
)
GROWN = Growth("first", "work", (10, 1000), FLAT, "b", FLAT, "<= 12x a decade")
LINEAR = "n^1.00, x10.0 a decade"
ALONE = Row("second", "start", None, "MB", Spread(1234.5, 1200, 1300))

LINES = [SLOW, GROWN, ALONE]


def test_a_table_has_rows_and_then_growths():
    """Medians with their quartiles, ratios, aims."""
    assert table([GROWN, SLOW, ALONE]).splitlines() == [
        "| what | chat-harness | peer | its figure | ratio | aim | met |",
        "|---|---:|---|---:|---:|---|---|",
        "| job, n = 1,000 | 21.0 ms | b | 10.5 ms | 0.500x | <= 1x the cost | **no** |",
        "| start | 1,234 MB (1,200 to 1,300) |  |  |  |  |  |",
        "",
        "| growth | chat-harness | peer | its growth | aim | met |",
        "|---|---:|---|---:|---|---|",
        f"| {GROWN.name} | {LINEAR} | b | {LINEAR} | {GROWN.aim} | yes |",
    ]


def test_aims_not_met_are_listed_with_what_was_measured():
    """Those that are met, and lines without an aim, are not."""
    report = Report("2026-01-02", {}, {}, LINES)

    assert report.missed == [SLOW]
    assert unmet(report.missed) == (
        "- first: job, n = 1,000: aim <= 1x the cost; measured 21.0 ms "
        "against 10.5 ms of b, 2.00x the cost"
    )
    assert unmet([]) == "None."


def test_a_report_is_a_page():
    """Where and when, a part for each group, and what is not met."""
    machine = {"": "Some CPU, 2 cores", "Python": "3.11.7"}
    text = Report("2026-01-02", machine, {"first": "A note."}, LINES).markdown()

    assert "Measured on 2026-01-02: Some CPU, 2 cores, Python 3.11.7" in text
    assert "## First\n\nA note.\n\n| what |" in text
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == ["# Benchmarks", "## First", "## Second", "## Aims not met"]


def test_a_report_is_json():
    """Rows and growths, each with whether its aim is met."""
    report = Report("2026-01-02", {"Python": "3.11.7"}, {"first": "A note."}, LINES)

    said = json.loads(json.dumps(report.plain()))

    assert Report.read(said).plain() == report.plain()
    assert Report.read(said).markdown() == report.markdown()
    assert [row["met"] for row in said["rows"]] == [False, None]
    assert said["growths"][0]["ours"] == {"median": 1.0, "low": 1.0, "high": 1.0}
    assert said["missed"] == ["first: job, n = 1,000: <= 1x the cost"]
