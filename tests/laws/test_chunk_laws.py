"""Our own chunks keep every law, and each law sees a chunk that breaks it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.laws import CHUNK_LAWS, Law, LawBroken, Subject, check, params, run
from harness.messages import AIMessage

OURS = Subject.of(AIMessageChunk)
LAWS = {law.name: law for law in CHUNK_LAWS}


@pytest.mark.parametrize("law", params(OURS))
def test_our_chunks_keep_the_law(law: Callable[[], None]) -> None:
    """Our chunks keep every law in random cases."""
    law()


@pytest.mark.parametrize("law", params(OURS, exhaustive=True))
def test_our_chunks_keep_the_law_in_all_small_cases(law: Callable[[], None]) -> None:
    """Our chunks keep every law in all small cases."""
    law()


class Bag:
    """A chunk that shares its lists with everything it is added to."""

    def __init__(self, content: str = "", **fields: Any) -> None:
        self.content = content
        self.response_metadata = fields.get("response_metadata", {"seen": []})

    def __add__(self, other: "Bag") -> "Bag":
        metadata = {**self.response_metadata, **other.response_metadata}
        return Bag(self.content + other.content, response_metadata=metadata)


def changed(fields: dict[str, Any]) -> Callable[..., AIMessageChunk]:
    """Give a make whose chunks say some fields under another name."""

    def make(**said: Any) -> AIMessageChunk:
        return AIMessageChunk(**{fields.get(key, key): v for key, v in said.items()})

    return make


def refragmented(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Give a make that changes each fragment."""

    def make(*, tool_call_chunks: Any = (), **said: Any) -> AIMessageChunk:
        changed_ones = [change(fragment) for fragment in tool_call_chunks]
        return AIMessageChunk(tool_call_chunks=changed_ones, **said)

    return make


def first_fragment(*, tool_call_chunks: Any = (), **said: Any) -> AIMessageChunk:
    """Lose all fragments but one."""
    return AIMessageChunk(tool_call_chunks=tool_call_chunks[:1], **said)


def utf8(*, content: Any = "", **said: Any) -> AIMessageChunk:
    """Replace halves of characters on their own."""
    if isinstance(content, str):
        content = content.encode("utf-8", "replace").decode()
    return AIMessageChunk(content, **said)


def adding(update: Callable[[Any, Any], dict[str, Any]]) -> Any:
    """Give an addition after which *update* replaces fields."""

    def add(left: Any, right: Any) -> Any:
        return (left + right).model_copy(update=update(left, right))

    return add


def joined_metadata(left: Any, right: Any) -> dict[str, Any]:
    """Add strings up, as dicts of deltas are merged by many."""
    both = [left.response_metadata, right.response_metadata]
    keys = {key for metadata in both for key in metadata}
    texts = {key: "".join(str(m.get(key, "")) for m in both) for key in keys}
    return {"response_metadata": texts, "conflicts": {}}


def forgotten_usage(_: Any, right: Any) -> dict[str, Any]:
    """Let a chunk without usage erase it."""
    return {"usage_metadata": right.usage_metadata, "cumulative_usage": None}


def calls_read_by(parse: Callable[[str], Any]) -> Any:
    """Give a preview of calls whose arguments *parse* reads."""

    def calls(chunk: Any) -> list[Any]:
        return [{**c, "args": parse(c["args"])} for c in chunk.tool_call_chunks]

    return calls


def eager(args: str) -> Any:
    """Close what is open, and believe the numbers; an error where that is not JSON."""
    for end in ("", "}", '"}', "]}", '"]}'):
        try:
            return json.loads(args + end)
        except ValueError:
            continue
    return {}


def complete(args: str) -> Any:
    """Wait for the end."""
    try:
        return json.loads(args)
    except ValueError:
        return {}


def trusting(chunk: Any) -> AIMessage:
    """Finish with calls as far as they came."""
    return AIMessage(chunk.text, tool_calls=chunk.tool_calls)


def well_ended(chunk: Any) -> AIMessage:
    """Finish with a reason, whatever was said."""
    said = chunk.to_message()
    return said.model_copy(update={"response_metadata": {"finish_reason": "stop"}})


BROKEN: dict[str, Subject] = {
    "identity": replace(OURS, empty=lambda: AIMessageChunk("x")),
    "associativity": replace(
        OURS, add=lambda a, b: b + a if len(a.text) > 1 else a + b
    ),
    "fold": replace(OURS, concat=lambda chunks: chunks[0]),
    "closure": replace(OURS, add=adding(lambda *_: {"name": None})),
    "purity": Subject(make=Bag, fields={"content", "response_metadata"}, observe=vars),
    "congruence": replace(OURS, observe=lambda chunk: chunk.text),
    "normal_form": replace(OURS, make=first_fragment),
    "text": replace(OURS, text=lambda chunk: chunk.text.strip()),
    "round_trip": replace(OURS, load=lambda _: AIMessageChunk()),
    "serialised_sum": replace(
        OURS,
        dump=lambda chunk: chunk.to_message().model_dump_json(),
        load=lambda text: AIMessageChunk.from_message(
            AIMessage.model_validate_json(text)
        ),
    ),
    "hash": replace(OURS, hashed=id),
    "split_invariance": replace(OURS, make=utf8),
    "interleaving": replace(OURS, make=refragmented(lambda f: {**f, "index": 0})),
    "order": replace(
        OURS, make=refragmented(lambda f: {**f, "index": f["index"] and -f["index"]})
    ),
    "stuttering": replace(OURS, make=changed({"cumulative_usage": "usage_metadata"})),
    "usage_deltas": replace(OURS, make=changed({"usage_metadata": "cumulative_usage"})),
    "usage_totals": replace(OURS, make=changed({"cumulative_usage": "usage_metadata"})),
    "usage_kept": replace(OURS, add=adding(forgotten_usage)),
    "metadata": replace(OURS, add=adding(joined_metadata)),
    "conflicts": replace(OURS, conflicts=lambda _: {}),
    "first_id": replace(OURS, add=adding(lambda _, b: {"id": b.id, "conflicts": {}})),
    "preview_total": replace(OURS, calls=calls_read_by(json.loads)),
    "preview_sound": replace(OURS, calls=calls_read_by(eager)),
    "no_retraction": replace(OURS, calls=calls_read_by(eager)),
    "preview_exact": replace(OURS, calls=calls_read_by(lambda _: {})),
    "preview_encodes": replace(OURS, text=lambda chunk: chunk.model_dump()["content"]),
    "open_string": replace(OURS, calls=calls_read_by(complete)),
    "finished_once": replace(OURS, lift=lambda message: AIMessageChunk(message.text)),
    "strict_calls": replace(OURS, finish=trusting),
    "truncation": replace(OURS, finish=well_ended),
}


def test_every_law_has_a_broken_subject() -> None:
    """No law is without a subject that breaks it, but the one that measures."""
    assert {*LAWS} - {*BROKEN} == {"linear_cost"}


@pytest.fixture
def unshrunk() -> Iterator[None]:
    """Stop random searches at the first case they find."""
    before = settings.get_current_profile_name()
    settings.register_profile(
        "unshrunk", settings(), phases=[Phase.generate], max_examples=300, database=None
    )
    settings.load_profile("unshrunk")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("unshrunk")
@pytest.mark.parametrize("name", BROKEN)
def test_chance_finds_what_is_broken(name: str) -> None:
    """Random cases find a subject that breaks a law."""
    with pytest.raises(LawBroken, match=f"^subject breaks the law '{name}'"):
        run(BROKEN[name], replace(LAWS[name], scope=None))


@pytest.mark.parametrize("name", BROKEN)
def test_small_cases_find_what_is_broken(name: str) -> None:
    """Small cases find a subject that breaks a law; the text tells how to see it."""
    law, subject = LAWS[name], BROKEN[name]

    with pytest.raises(LawBroken) as failure:
        run(subject, law, exhaustive=True)

    text = str(failure.value)
    assert text.startswith(f"subject breaks the law {name!r}: {law.statement}\n")
    assert "\nSmallest case found:\n" in text
    assert failure.value.law == name
    assert_reproduces(text, subject)


def test_random_cases_are_shrunk() -> None:
    """A case found by chance is made as small as it can be."""
    law = replace(LAWS["text"], scope=None)

    with pytest.raises(LawBroken) as failure:
        run(BROKEN["text"], law)

    assert failure.value.case in (["\n"], [" "])
    assert not hasattr(failure.value, "__notes__")


def assert_reproduces(text: str, subject: Subject) -> None:
    """Run the lines that a failure gives to paste."""
    _, _, rest = text.partition("Reproduce it with:\n")
    lines = rest.partition("\n\n")[0].splitlines()
    pasted = "\n".join(line.removeprefix("    ") for line in lines)
    with pytest.raises(LawBroken):
        exec(pasted, {"subject": subject})  # noqa: S102 - what a user does


def test_a_failure_reads_well() -> None:
    """A failure gives the law, both sides, their difference, the case and its rerun."""
    subject = replace(OURS, text=lambda chunk: chunk.text.upper())

    with pytest.raises(LawBroken) as failure:
        check(subject, "text", ["a", "B"])

    assert str(failure.value) == (
        "subject breaks the law 'text': the text of a sum is the texts of its terms, "
        "joined\n"
        "\n"
        "the text of the sum:\n"
        "    'AB'\n"
        "the texts, joined:\n"
        "    'aB'\n"
        "Difference:\n"
        "    all: 'AB' | 'aB'\n"
        "\n"
        "Smallest case found:\n"
        "    0  'a'\n"
        "    1  'B'\n"
        "\n"
        "Reproduce it with:\n"
        "    from harness.laws import check\n"
        "    check(subject, 'text', ['a', 'B'])"
    )


def test_an_error_of_the_subject_breaks_the_law() -> None:
    """What the subject raises is shown, and is the cause of the failure."""

    def add(left: Any, right: Any) -> Any:
        raise TypeError("no such thing")

    with pytest.raises(LawBroken) as failure:
        check(replace(OURS, add=add), "associativity", [{"content": "a"}, {}, {}])

    assert "It raised TypeError: no such thing" in str(failure.value)
    assert "Mend this law first; it implies: fold." in str(failure.value)
    assert isinstance(failure.value.__cause__, TypeError)


def test_a_case_of_own_classes_is_reproduced_with_their_imports() -> None:
    """Chunks from a strategy stand in the case, with the import of their class."""
    subject = Subject(
        chunks=lambda: st.builds(AIMessageChunk, st.just("a")),
        observe=lambda chunk: chunk.text,
        empty=lambda: AIMessageChunk("x"),
    )

    with pytest.raises(LawBroken) as failure:
        run(subject, LAWS["identity"])

    assert "from harness.chunks import AIMessageChunk\n" in str(failure.value)
    assert_reproduces(str(failure.value), subject)


def test_linear_cost_is_seen_to_hold() -> None:
    """Our chunks are linear: eight times the chunks take about eight times as long."""
    check(OURS, "linear_cost", ("many keys", 250))


def test_quadratic_cost_is_seen() -> None:
    """A reading that goes through all text each time breaks the law of cost."""
    subject = replace(OURS, text=lambda chunk: "".join(sorted(chunk.text * 20)))

    with pytest.raises(LawBroken, match="ratio"):
        check(subject, "linear_cost", ("words", 150))


def test_an_unknown_law_is_an_error() -> None:
    """A law that does not exist is an error that names the nearest."""
    with pytest.raises(InputError, match="Did you mean 'associativity'"):
        check(OURS, "asociativity", [])


def test_unknown_fields_are_an_error() -> None:
    """A subject of an unknown field is an error that names the nearest."""
    with pytest.raises(InputError, match="Did you mean 'content'"):
        Subject(make=AIMessageChunk, fields={"contents"})


def test_a_subject_without_chunks_is_an_error() -> None:
    """A subject has to say where its chunks come from."""
    with pytest.raises(InputError, match="give make="):
        Subject()


def test_laws_are_plain_values() -> None:
    """A law needs no test framework: it is a name, a statement, cases and a check."""
    law: Law = LAWS["associativity"]

    law.check(OURS, [{"content": "a"}, {"content": "b"}, {"content": "c"}])

    assert law.statement == "(a + b) + c = a + (b + c)"
    assert all(one.implies is not None and one.statement for one in CHUNK_LAWS)
