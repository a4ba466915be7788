"""Names of files, what runs left, and what no code names."""

import pytest

from harness.checks import check_leftover, check_names, check_orphans, words_of


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (["a/b.yaml", "a/c.yaml"], []),
        (
            ["a/b.yaml", "A/B.yaml"],
            [
                (
                    "A/B.yaml:1: error name: some systems take it for 'a/b.yaml', "
                    "whose name has other letters."
                )
            ],
        ),
        (
            ["a/\u00e9.yaml", "a/e\u0301.yaml"],
            [
                (
                    "a/e\u0301.yaml:1: error name: some systems take it for "
                    "'a/\u00e9.yaml', whose name has other letters."
                )
            ],
        ),
        (["aux.yaml"], ["aux.yaml:1: warning portable: 'aux.yaml' is the name of"]),
        (["a:b.yaml"], ["a:b.yaml:1: warning portable: 'a:b.yaml' has ':', which no"]),
        (["a./b.yaml"], ["a./b.yaml:1: warning portable: 'a.' ends in what is cut"]),
        (["/x/../y/auxiliary.yaml"], []),
    ],
)
def test_names(paths: list[str], told: list[str]) -> None:
    """Two that are one elsewhere, and those that Windows has not."""
    found = [str(one) for one in check_names(paths)]

    assert len(found) == len(told)
    assert all(one.startswith(start) for one, start in zip(found, told, strict=True))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("c/.a.yaml.0123abcd.journal", "the journal of a run that was killed."),
        ("c/.a.yaml.0123abcd.tmp", "a file that a killed run has not finished."),
        (
            "c/a.4711.new.yaml",
            "what harness record --mode rewrite recorded, and was",
        ),
        ("c/.a.yaml.01.damaged", "what could not be read of the journal of a killed"),
        ("c/a.failed.yaml", "what a failing test recorded."),
        ("c/a.yaml", ""),
    ],
)
def test_leftovers(path: str, told: str) -> None:
    """Files that runs make beside cassettes."""
    found = [one.text for one in check_leftover(path)]

    assert found == [] if not told else found[0].startswith(told)


CODE = """
@pytest.mark.cassette("weather-tokyo")
def test_rain(cassette): ...
class TestSnow:
    def test_deep(self): ...
"""


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("weather-tokyo", ""),
        ("weather-paris", "paris"),
        ("tests/test_it/test_rain", ""),
        ("tests/test_it/test_rain[a-b]-0123abcd", ""),
        ("tests/test_it/TestSnow.test_deep", ""),
        ("tests/test_it/test_hail", "test_hail"),
        ("tests/test_gone/test_rain", "test_gone"),
        ("other/weather-tokyo", ""),
    ],
)
def test_orphans(name: str, word: str) -> None:
    """Those with a word in their name that stands nowhere in the code."""
    words = words_of(CODE) | words_of("test_it")
    found = [str(one) for one in check_orphans([("c/a.yaml", name)], words)]

    told = f"c/a.yaml:1: warning orphan: no code has the word {word!r}: nothing seems "
    assert found == ([f"{told}to use it."] if word else [])
