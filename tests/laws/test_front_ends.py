"""Laws reach users as parameters, as classes to subclass, and as a report."""

from dataclasses import replace
from inspect import getsource
from itertools import count
from textwrap import dedent, indent
from typing import Any

import pytest
from hypothesis import settings

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.laws import (
    CHUNK_LAWS,
    ChatModelLaws,
    ChunkLaws,
    LawBroken,
    NotCovered,
    Subject,
    all_cuts,
    all_interleavings,
    params,
    report,
    run,
)
from harness.laws.differences import differences
from harness.messages import AIMessage

OURS = Subject.of(AIMessageChunk)


class Merged(dict[str, Any]):
    """A chunk as many write it: strings are joined, numbers added, the last wins."""

    def __add__(self, other: "Merged") -> "Merged":
        total = Merged(self)
        for key, value in other.items():
            old = total.get(key)
            same = isinstance(value, str | int) and type(old) is type(value)
            total[key] = old + value if same else value
        return total


MERGED = Subject(
    name="MERGED",
    make=Merged,
    fields={"content", "id", "response_metadata"},
    observe=dict,
    read=lambda chunk, field: chunk.get(field),
    text=lambda chunk: chunk.get("content", ""),
)
KNOWN = {
    "stuttering": "ids are joined",
    "metadata": "the last dict wins, whole",
    "first_id": "ids are joined",
    "split_invariance": "halves of characters are not paired",
    "text": "halves of characters are shown",
    "purity": "metadata is shared",
}


def outcomes(**options: Any) -> dict[str, str]:
    """Give the outcome of each law, by name."""
    found = report(MERGED, exhaustive=True, show=False, **options)
    return {row.law: row.outcome for row in found.rows}


def test_a_foreign_class_is_judged() -> None:
    """A class of anybody's is judged by what it can do, and by no more."""
    found = outcomes()

    assert found["stuttering"] == found["first_id"] == "broken"
    assert found["associativity"] == found["fold"] == "holds"
    assert found["round_trip"] == found["strict_calls"] == "not covered"


def test_a_report_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A report prints a line a law, then the failures in full; its exit code is 1."""
    result = report(MERGED, exhaustive=True)

    printed = capsys.readouterr().out
    assert result.exit_code == 1
    assert printed.startswith("MERGED: ")
    assert "first_id          broken       the id of a sum is the first id" in printed
    assert "round_trip        not covered  the subject has no dump, load" in printed
    assert "MERGED breaks the law 'first_id'" in printed
    assert len(result.failures) == sum(row.outcome == "broken" for row in result.rows)


def test_known_failures_are_expected() -> None:
    """A known failure is none; its reason stands in the report."""
    broken = {name for name, found in outcomes().items() if found == "broken"}
    reasons = dict.fromkeys(broken, "dicts are merged, #12")

    result = report(MERGED, exhaustive=True, show=False, known_failures=reasons)

    assert result.exit_code == 0
    assert "first_id          known        dicts are merged, #12" in str(result)


def test_a_known_failure_that_holds_is_told() -> None:
    """Reasons are strict: a law that holds after all counts as a failure."""
    result = report(
        OURS, exhaustive=True, show=False, known_failures={"first_id": "once broken"}
    )

    assert result.exit_code == 1
    assert "first_id          mended       holds, though known to fail" in str(result)


def test_what_is_implied_is_hidden() -> None:
    """Where associativity is broken, a broken fold tells nothing new."""
    subject = replace(OURS, add=lambda a, b: a + b + b)

    rows = {row.law: row for row in report(subject, exhaustive=True, show=False).rows}

    assert rows["associativity"].outcome == "broken"
    assert rows["fold"].outcome == "hidden"
    assert rows["fold"].detail == "associativity is broken, which implies it"


@pytest.mark.parametrize(
    ("failures", "message"),
    [
        ({"asociativity": "why"}, "Did you mean 'associativity'"),
        ({"associativity": ""}, "give the reason as a text"),
    ],
)
def test_known_failures_are_checked(failures: dict[str, str], message: str) -> None:
    """A known failure has the name of a law, and a reason."""
    with pytest.raises(InputError, match=message):
        params(OURS, known_failures=failures)
    with pytest.raises(InputError, match=message):
        report(OURS, known_failures=failures)
    with pytest.raises(InputError, match=message):
        type("TestWrong", (ChunkLaws,), {"known_failures": failures})


def test_params_are_marked() -> None:
    """A known failure is a strict xfail; what it implies, or nothing covers, a skip."""
    found = {
        one.id: [*one.marks]
        for one in params(MERGED, known_failures={"associativity": "#12"})
    }

    (xfail,), (implied,) = found["associativity"], found["fold"]
    assert (xfail.name, xfail.kwargs["strict"]) == ("xfail", True)
    assert implied.kwargs["reason"] == "implied by associativity, a known failure"
    (skip,) = found["round_trip"]
    assert skip.kwargs["reason"] == "not covered: the subject has no dump, load"
    assert found["identity"] == []
    assert "linear_cost" not in found
    assert "linear_cost" in [one.id for one in params(OURS, costs=True)]


def test_a_foreign_class_with_known_failures(pytester: pytest.Pytester) -> None:
    """The two lines that a user writes: what is known fails as expected, no more."""
    pytester.makepyfile(
        f"""
        from typing import Any

        import pytest
        from harness.laws import Subject, params

        {indent(dedent(getsource(Merged)), " " * 8).strip()}

        MERGED = Subject(
            make=Merged,
            fields={{"content", "id", "response_metadata"}},
            observe=dict,
            read=lambda chunk, field: chunk.get(field),
            text=lambda chunk: chunk.get("content", ""),
        )
        KNOWN = {KNOWN}

        @pytest.mark.parametrize("law", params(MERGED, known_failures=KNOWN))
        def test_laws(law):
            law()
        """
    )

    result = pytester.runpytest_inprocess("-q", "-p", "no:randomly")

    outcomes = result.parseoutcomes()
    assert outcomes["xfailed"] == len(KNOWN)
    assert outcomes.keys() == {"passed", "skipped", "xfailed"}


def test_what_is_missing_is_not_covered() -> None:
    """A law that needs what the subject lacks is not covered, and says so."""
    (law,) = (one for one in CHUNK_LAWS if one.name == "round_trip")

    with pytest.raises(NotCovered, match="the subject has no dump, load"):
        run(MERGED, law)


class TestOurChunks(ChunkLaws):
    """All laws, of one method."""

    exhaustive = True

    def make_chunk(self, **fields: Any) -> AIMessageChunk:
        """Give a chunk of ours."""
        return AIMessageChunk(**fields)


def test_a_failure_of_a_class_can_be_pasted() -> None:
    """The reproducer of a test class makes the subject anew."""

    class TestLossy(ChunkLaws):
        def make_chunk(self, **fields: Any) -> AIMessageChunk:
            return AIMessageChunk(**{**fields, "id": None})

    law = TestLossy()

    with pytest.raises(
        LawBroken, match=r"check\(TestLossy\(\)\.subject\(\), 'first_id'"
    ):
        law.test_first_id()


class Words:
    """A chunk that knows words alone."""

    def __init__(self, content: str = "") -> None:
        self.content = content
        self.text = "" + content


def test_a_class_is_asked_what_it_can_do() -> None:
    """Of a class that is spelled like ours in part, that part is covered."""
    subject = Subject.of(Words, observe=vars)

    assert [*subject.fields] == ["content"]
    assert subject.text is not None
    assert (subject.calls, subject.dump, subject.finish) == (None, None, None)


def test_cost_is_measured_for_what_is_said() -> None:
    """The law of cost has a case for each kind of stream that the subject can say."""
    (law,) = (one for one in CHUNK_LAWS if one.opt_in)
    words = replace(MERGED, text=None, fields={"content"})

    run(words, law, exhaustive=True)
    assert [*(law.scope or list)(words)] == [("words", 500)]


def test_each_subclass_has_tests_of_its_own() -> None:
    """No test is shared: Hypothesis would take two subclasses for one test."""

    class TestOthers(ChunkLaws):
        costs = True

    mine, others = vars(TestOurChunks), vars(TestOthers)
    assert mine["test_identity"] is not others["test_identity"]
    assert mine["test_identity"].__doc__ == "Empty + x = x = x + empty."
    assert "test_linear_cost" in others
    assert "test_linear_cost" not in mine


def test_laws_are_not_overridden() -> None:
    """A law is not switched off by overriding it; the error tells the way."""
    with pytest.raises(
        InputError, match=r"known_failures = \{'identity': 'the reason'\}"
    ):
        type("TestWrong", (ChunkLaws,), {"test_identity": lambda _: None})


@pytest.mark.parametrize(
    ("laws", "method"),
    [(ChunkLaws, "make_chunk(self, **fields)"), (ChatModelLaws, "make_model(self,")],
)
def test_the_missing_method_is_told(laws: type[Any], method: str) -> None:
    """A subclass that implements nothing is told what to write."""
    with pytest.raises(NotImplementedError) as error:
        laws().make_chunk() if laws is ChunkLaws else laws().make_model()

    assert method in str(error.value)


TWO_CLASSES = """
from harness.chunks import AIMessageChunk
from harness.laws import ChunkLaws, Subject


class Half(ChunkLaws):
    exhaustive = True

    def subject(self):
        return Subject(
            make=lambda content="": content,
            fields={"content"},
            read=lambda text, field: text,
        )


class TestFirst(Half):
    known_failures = {"split_invariance": "halves are shown, #1"}


class TestSecond(Half):
    known_failures = {"identity": "no reason at all"}
"""


def test_classes_run_under_pytest(pytester: pytest.Pytester) -> None:
    """Subclasses of subclasses run; strict failures and skips are counted."""
    pytester.makepyfile(TWO_CLASSES)

    result = pytester.runpytest_inprocess("-rfsx", "-p", "no:randomly")

    result.stdout.fnmatch_lines(["*not covered: the subject has no dump, load*"])
    result.stdout.fnmatch_lines(
        ["XFAIL*TestFirst::test_split_invariance - halves are shown, #1"]
    )
    result.stdout.fnmatch_lines(
        [
            "FAILED*TestSecond::test_identity*",
            "FAILED*TestSecond::test_split_invariance*",
        ]
    )
    result.assert_outcomes(failed=2, passed=11, skipped=46, xfailed=1)


def test_all_cuts_and_shuffles() -> None:
    """Small scopes are complete: 2^(n-1) cuts, (n + m) over n shuffles."""
    assert len([*all_cuts("abcdefgh")]) == 2**7
    assert len([*all_interleavings("abc", "xyz")]) == 20
    assert [*all_cuts("")] == [[""]]


def test_differences_are_places() -> None:
    """Only what differs is shown, by its place; many lines are cut short."""
    left = {"a": [1, {"b": 2}], "same": 0, "gone": None, "n": 1}
    right = {"a": [1, {"b": 3}, 4], "same": 0, "n": True}

    assert differences(left, right) == [
        "a[1].b: 2 | 3",
        "a[2]: (missing) | 4",
        "gone: None | (missing)",
        "n: 1 | True",
    ]
    assert differences(list(range(20)), [])[-1] == "... and 8 more"
    assert differences("x", "y") == ["all: 'x' | 'y'"]


def test_models_ignore_nothing_unless_told() -> None:
    """Classes for models take what to ignore from the class."""

    class TestModel(ChatModelLaws):
        ignore = frozenset({"id"})

        def make_model(self, *answers: AIMessage) -> object:
            return answers

    subject = TestModel().subject()
    assert subject.seen(AIMessage("x", id="1")).keys() >= {"content"}
    assert "id" not in subject.seen(AIMessage("x", id="1"))


def test_a_slow_machine_breaks_no_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds a draw are no reason to fail: laws are about answers, not time."""
    now = settings.get_current_profile_name()
    settings.register_profile("strict", suppress_health_check=(), deadline=200)
    moments = count(0, 10)
    monkeypatch.setattr("time.perf_counter", lambda: float(next(moments)))
    law = next(law for law in CHUNK_LAWS if law.name == "identity")
    settings.load_profile("strict")

    try:
        run(OURS, law)
    finally:
        settings.load_profile(now)
