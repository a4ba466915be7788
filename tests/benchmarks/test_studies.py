"""What the study of scale says of its figures."""

import json
from pathlib import Path

from growing import Cost, Subject, measured
from studies import Line, Study


def cost(seconds: float, memory: float = 0.0) -> Cost:
    """Give what a run took."""
    return Cost(seconds, 0.5, seconds + 1, memory)


LINEAR = Line(
    "files", "read", "exchanges", {10: cost(0.1, 3), 100: cost(1, 30), 1_000: cost(10)}
)
SQUARE = Line("files", "look", "exchanges", {10: cost(1), 100: cost(100)})


def test_a_line_tells_its_largest_size_and_growth() -> None:
    """What costs too little to be measured takes no part in a growth."""
    assert LINEAR.cells() == [
        *("read", "1,000", "10.0 s", "0.500 s", "n^1.00", "0.00 MB", "n^1.00")
    ]
    assert not LINEAR.surprising


def test_what_grows_too_fast_is_told() -> None:
    """It stands out in its line, and below the tables."""
    study = Study("Measured.", {"files": "Some files."}, [LINEAR, SQUARE])

    assert (
        "| look | 100 | 100 s | 0.500 s | **n^2.00** | 0.00 MB |  |" in study.markdown()
    )
    assert study.surprises == ["files: look: n^2.00, at most n^1.15"]
    assert study.markdown().endswith(f"- {study.surprises[0]}\n")


def test_what_is_expected_has_its_reason() -> None:
    """A line that may grow faster says why, and is no surprise."""
    line = Line("files", "look", "tests", SQUARE.costs, 2.0, "each reads all")
    study = Study("Measured.", {"files": "Some files."}, [line])

    assert study.surprises == []
    assert "look: each reads all.\n" in study.markdown()


def test_a_study_is_read_back() -> None:
    """From its JSON, with the same tables."""
    study = Study("Measured.", {"files": "Some files."}, [LINEAR, SQUARE])

    again = Study.read(json.loads(json.dumps(study.plain())))

    assert again == study
    assert again.markdown() == study.markdown()


def test_a_part_is_measured_again() -> None:
    """Its lines take the place of what was there, and the rest stays."""
    notes = {"files": "Some files."}
    old = Study("Then.", notes, [LINEAR, SQUARE])
    again = Line("files", "look", "exchanges", LINEAR.costs)
    more = Line("tasks", "look", "tasks", LINEAR.costs)

    found = old.renewed(Study("Now.", {"tasks": "Some tasks."}, [more, again]))

    assert found.lines == [LINEAR, again, more]
    assert found.notes == {**notes, "tasks": "Some tasks."}
    assert found.where == "Now. Some of it earlier: Then."
    assert old.renewed(old) == old


def test_a_run_is_measured(tmp_path: Path) -> None:
    """Its memory is what it had beyond what was there before.

    From 32 MB on, what is asked for is never taken from what was given back before.
    """
    kept: list[bytes] = []

    def ready(size: int, folder: Path):
        assert folder == tmp_path
        return lambda: kept.append(bytes(range(256)) * (size * 4096))

    found = measured(Subject("keep", ready, (64,), "MB"), 64, tmp_path)

    assert 63 <= found.memory <= 96
    assert found.seconds > 0
    assert len(kept[0]) == 64 << 20
