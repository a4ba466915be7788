"""The targets of the fuzzer hold for their seeds, and are seen to fail.

A property that holds of whatever it is shown finds nothing; so each kind of them is
shown a subject that is broken on purpose.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import cost_checks  # the fuzzer runs without pytest: its modules are no package
import crashes
import file_checks
import mutating
import secret_checks
import unguided
import value_checks
import wire_checks
import words
from checking import Wrong
from seeds import SEEDS
from targets import TARGETS

sys.path.pop(0)

from harness.cassettes import Interaction, journals, read_cassette
from harness.cassettes.http_requests import HttpRequest, Matching
from harness.cassettes.redaction import Redaction
from harness.converting import read_recording
from harness.partial_json import MISSING, JsonPrefix
from harness.scripts.files import read_script
from harness.wire import DIALECTS
from harness.wire.aws_frames import AwsDecoder
from harness.wire.sse import SseDecoder

OPENAI: Any = DIALECTS["openai-chat"]
#: Of seeds that take long, some.
FEW = 20


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_hold(name: str) -> None:
    """What the fuzzer begins with is right, and there is something."""
    target = TARGETS[name]
    seeds = list(target.seeds(None))
    few = seeds[:: len(seeds) // FEW + 1] if name == "growth" else seeds

    for seed in few:
        target.check(seed)

    assert len(seeds) > 2
    target.check(b"")


def test_the_samples_can_be_read() -> None:
    """A sample that is refused would show nothing of what reads it."""
    samples = sorted(Path(__file__).with_name("samples").iterdir())
    readable = [one for one in samples if one.stem != "foreign-aimock"]

    found = [read_recording(one.read_bytes(), one.name) for one in readable]

    assert all(one.interactions for one in found)
    assert len({one.format for one in found}) == 8


# ------------------------------------------------- properties are seen to fail


class Forgetful(SseDecoder):
    """Forgets at the end of each piece what has begun in it."""

    def feed(self, data: bytes) -> list[Any]:
        decoder = SseDecoder()
        return [*decoder.feed(data), *decoder.close()]


class Hasty(JsonPrefix):
    """Shows an object before there is any."""

    def preview(self) -> Any:
        shown = super().preview()
        return {} if shown is MISSING else shown


def dialect(**changes: Any) -> Any:
    """Give the dialect of OpenAI with some of its functions changed."""
    names = [name for name in dir(OPENAI) if not name.startswith("_")]
    return SimpleNamespace(**{n: getattr(OPENAI, n) for n in names} | changes)


def without_last_message(request: Any) -> bytes:
    """Write a request, and lose the end of the conversation."""
    return OPENAI.write_request(replace(request, messages=request.messages[:-1]))


def without_text(body: bytes) -> Any:
    """Read a reply, and lose its text."""
    return OPENAI.read_reply(body).model_copy(update={"content": ""})


def without_checksums(data: bytes) -> list[Any]:
    """Fail as a parser does that trusts its input."""
    raise IndexError(f"index {len(data)} out of range")


def with_reasons(text: str, *args: Any, **options: Any) -> Any:
    """Read a cassette, and say more than stands in it."""
    found = read_cassette(text, *args, **options)
    return tuple(replace(one, reason=f"{one.reason}!") for one in found)


def twice_read(path: Any, data: bytes) -> Any:
    """Read a journal, each line twice."""
    return journals._read(path, data * 2)


def raising(*_: Any, **__: Any) -> Any:
    """Fail as no one says that it would."""
    raise KeyError("turns")


def without_turns(text: str, name: str = "") -> Any:
    """Read a script, and keep one turn."""
    script = read_script(text, name)
    return script.fresh([*script.turns, "One more"])


def growing(interaction: Interaction) -> Interaction:
    """Redact, and say so each time."""
    redacted = Redaction().redact(interaction)
    return replace(redacted, reason=f"{redacted.reason} redacted")


def quadratic(data: bytes) -> None:
    """Take time as careless string handling does."""
    for _ in data:
        sum(data[::8])


Broken = tuple[str, Callable[[bytes], None]]
BROKEN: dict[str, Broken] = {
    "events that are cut": (
        "sse",
        lambda data: wire_checks.check_sse(data, decoder=Forgetful),
    ),
    "frames whose decoder trusts": (
        "aws",
        lambda data: wire_checks.check_aws(
            data,
            decoder=lambda: SimpleNamespace(frames=without_checksums, close=list),
        ),
    ),
    "an answer without its text": (
        "stream-openai-chat",
        lambda data: wire_checks.check_stream(
            data, dialect=dialect(read_reply=without_text)
        ),
    ),
    "a request without its end": (
        "request-openai-chat",
        lambda data: wire_checks.check_request(
            data, dialect=dialect(write_request=without_last_message)
        ),
    ),
    "an error that is not read": (
        "error",
        lambda data: wire_checks.check_error(
            data, dialects=[dialect(read_error=raising)]
        ),
    ),
    "a cassette that is not kept": (
        "cassette",
        lambda data: file_checks.check_cassette(data, read=with_reasons),
    ),
    "a file that is refused without a word": (
        "packed",
        lambda data: file_checks.check_packed(data, text_of=raising),
    ),
    "a conversion that fails": (
        "conversion",
        lambda data: file_checks.check_conversion(data, read=raising),
    ),
    "a journal that says more": (
        "journal",
        lambda data: file_checks.check_journal(data, read=twice_read),
    ),
    "a script that is read otherwise": (
        "script",
        lambda data: file_checks.check_script(data, read=raising),
    ),
    "a script with one turn more": (
        "script",
        lambda data: file_checks.check_script(data, read=without_turns),
    ),
    "a preview that takes back": (
        "partial-json",
        lambda data: value_checks.check_partial_json(data, parser=Hasty),
    ),
    "a key that hangs on spelling": (
        "matching",
        lambda data: value_checks.check_matching(
            data, key=lambda _, request: request.body
        ),
    ),
    "a key that is always the same": (
        "matching",
        lambda data: value_checks.check_matching(data, key=lambda *_: b""),
    ),
    "a secret that stays": (
        "planted",
        lambda data: secret_checks.check_planted(data, redact=lambda one: one),
    ),
    "what is redacted anew": (
        "redaction",
        lambda data: secret_checks.check_redaction(data, redact=growing),
    ),
    "time that grows": (
        "growth",
        lambda data: cost_checks.check_growth(data, subjects={"slow": quadratic}),
    ),
}


@pytest.mark.parametrize("about", BROKEN)
def test_each_property_is_seen_to_fail(about: str) -> None:
    """One of the seeds shows what is broken."""
    name, check = BROKEN[about]

    assert any(crashes.told(check, seed) for seed in TARGETS[name].seeds(None))


# ------------------------------------------------------------- how inputs are made


def test_changed_values_are_still_json() -> None:
    """A change of a value gives another JSON text, in each line."""
    data = b'data: {"a": [1, {"b": "x"}]}\n\ndata: {"c": null}\n\n'
    made = {mutating.values(data, Random(n), ["choices"]) for n in range(200)}  # noqa: S311

    assert len(made) > 100
    for one in made:
        for line in one.split(b"\n\n")[:-1]:
            json.loads(line.removeprefix(b"data: ").decode("utf-8", "surrogatepass"))


def test_changed_frames_have_their_checksums() -> None:
    """A frame that was changed is a frame; the decoder takes them all."""
    seed = next(iter(SEEDS["aws"](None)))
    made = {mutating.frames(seed, Random(n), ["chunk"]) for n in range(100)}  # noqa: S311

    assert len(made) > 30
    for one in made:
        decoder = AwsDecoder()
        decoder.feed(one)
        assert decoder.close() == []
        assert decoder.cut is None


def test_an_unguided_run_can_be_repeated() -> None:
    """The same seed makes the same inputs, of which most are new."""
    target = TARGETS["sse"]
    pool = list(target.seeds(None))

    def inputs(seed: int) -> list[bytes]:
        rng = Random(seed)  # noqa: S311 - no secret is made of it
        return [unguided.made(pool, rng, target, ["data"]) for _ in range(200)]

    assert inputs(1) == inputs(1)
    assert len({*inputs(1)} - {*pool}) > 150


def test_changed_lines_are_the_lines_of_before() -> None:
    """Lines go, come twice, change places or are indented anew."""
    data = b"a: 1\nb: 2\nc: 3"
    made = {mutating.lines(data, Random(n), ["word"]) for n in range(300)}  # noqa: S311

    assert {b"a: 1\nc: 3", b"a: 1\nb: 2\nb: 2\nc: 3", b"b: 2\na: 1\nc: 3"} <= made
    assert any(b"a: word" in one for one in made)


def test_the_dictionary_has_the_words_of_the_code() -> None:
    """Keys of a format are found in the modules that read it, and escaped."""
    found = words.words_of(["wire/openai_chat", "wire/sse"])
    spelled = words.dictionary(found).splitlines()

    assert {"tool_calls", "finish_reason", "delta"} <= {*found}
    assert '"\\x22tool_calls\\x22:"' in spelled
    assert '"\\xef\\xbb\\xbf"' in words.dictionary(["\xef\xbb\xbf"]) or found


def test_a_crash_is_kept_once_and_made_short(tmp_path: Path) -> None:
    """The first input of each error is a file, and as short as it can be."""

    def check(data: bytes) -> None:
        if b"!" in data:
            raise Wrong("an exclamation mark")

    kept = crashes.Crashes("sse", tmp_path)
    found = []
    for data in (b"abc!def", b"x!", b"fine"):
        try:
            check(data)
        except Wrong as error:
            found.append(kept.keep(error, data))

    assert [path and path.read_bytes() for path in found] == [b"abc!def", None]
    assert kept.files() == found[:1]
    assert crashes.shortened(check, b"abc!def") == b"!"
    assert crashes.shortened(check, b"fine") == b"fine"


def test_keys_of_the_same_request_are_the_same() -> None:
    """The check of matching agrees with what it checks, on what both know."""
    key = Matching.read(["body"]).key
    one, other = (HttpRequest("POST", "", (), body) for body in (b"[1]", b"[1.0]"))

    assert key(one) == key(other)
    assert value_checks._alike([1], [1.0])
    assert not value_checks._alike([1], [True])
