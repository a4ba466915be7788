"""`use_cassette`: around blocks, functions, coroutines and generators."""

import asyncio
import contextlib
import inspect
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.cassettes import Interaction, load_cassette
from harness.cassettes.folders import cassette_path
from harness.cassettes.http_requests import HttpRequest
from harness.errors import (
    CassetteError,
    CassetteMiss,
    CassetteWarning,
    InputError,
    UnrecordedRequest,
)
from harness.recording import use_cassette

Ask = Callable[[str], str]


@pytest.fixture
def ask(server: Any) -> Iterator[Ask]:
    """Give what asks the server, which echoes."""
    with httpx.Client() as client:
        yield lambda words: client.post(server.url, content=words.encode()).text


@pytest.fixture
def aask(server: Any) -> Callable[[str], Any]:
    """Give the same, awaited."""

    async def asks(words: str) -> str:
        async with httpx.AsyncClient() as client:
            return (await client.post(server.url, content=words.encode())).text

    return asks


def asked(path: Path) -> list[bytes]:
    """Give what is recorded at *path*."""
    return [one.request_body for one in load_cassette(path)]


# ----------------------------------------------------------------------- modes


def test_default_mode_records_nothing(ask: Ask, server: Any, cassette: Path) -> None:
    """A request is a miss, though a server is there that would answer."""
    with pytest.raises(UnrecordedRequest), use_cassette(cassette):
        ask("hi")

    assert server.asked == []
    assert not cassette.exists()


def test_once_records_once(ask: Ask, server: Any, cassette: Path) -> None:
    """Then it plays, and what is new is a miss."""
    for _ in range(2):
        with use_cassette(cassette, "once"):
            assert ask("hi") == "echo hi"
    with pytest.raises(UnrecordedRequest), use_cassette(cassette, "once"):
        ask("ho")

    assert len(server.asked) == 1


def test_new_episodes_are_added(ask: Ask, server: Any, cassette: Path) -> None:
    """What is known plays, the rest is recorded."""
    for words in (["hi"], ["hi", "ho"]):
        with use_cassette(cassette, "new_episodes"):
            for word in words:
                assert ask(word) == f"echo {word}"

    assert len(server.asked) == 2
    assert asked(cassette) == [b"hi", b"ho"]


def test_all_asks_again(ask: Ask, server: Any, cassette: Path) -> None:
    """The server is asked each time."""
    for _ in range(2):
        with use_cassette(cassette, "all"):
            ask("hi")

    assert len(server.asked) == 2
    assert asked(cassette) == [b"hi"]


def test_verify_tells_drift(ask: Ask, server: Any, cassette: Path) -> None:
    """It goes live, writes nothing, and says what is not as it was."""
    with use_cassette(cassette, "once"):
        ask("hi")
    before = cassette.read_bytes()
    with use_cassette(cassette, "verify"):
        ask("hi")
    server.replies(b"other words", headers=())

    with pytest.raises(CassetteError, match="not what they were"):  # noqa: SIM117
        with use_cassette(cassette, "verify"):
            ask("hi")

    assert cassette.read_bytes() == before


# ---------------------------------------------------------------------- blocks


def test_swallowed_miss_is_raised_at_the_end(ask: Ask, cassette: Path) -> None:
    """All of them are told, the first one first."""

    def application() -> None:
        for word in ("hi", "ho"):
            with contextlib.suppress(BaseException):  # such code exists
                ask(word)

    with pytest.raises(UnrecordedRequest) as caught, use_cassette(cassette):
        application()

    notes = caught.value.__notes__
    assert "swallowed" in notes[0]
    assert len([note for note in notes if "Missed as well" in note]) == 1


def test_expected_miss_is_not_raised_again(ask: Ask, cassette: Path) -> None:
    """Who clears the misses has seen them."""
    with use_cassette(cassette) as tape:
        with pytest.raises(UnrecordedRequest):
            ask("hi")
        tape.misses.clear()


def test_error_of_the_block_tells_what_was_missed(ask: Ask, cassette: Path) -> None:
    """It may be why the block failed."""

    def application() -> None:
        with use_cassette(cassette):
            try:
                ask("hi")
            except UnrecordedRequest:
                raise KeyError("x") from None

    with pytest.raises(KeyError) as caught:
        application()

    assert "missed" in caught.value.__notes__[0]


def test_failed_block_keeps_the_cassette_as_it_was(ask: Ask, cassette: Path) -> None:
    """What it recorded is kept aside, and its error says where."""

    def application() -> None:
        with use_cassette(cassette, "new_episodes"):
            ask("ho")
            raise ValueError("no")

    with use_cassette(cassette, "once"):
        ask("hi")

    with pytest.raises(ValueError, match="no") as caught:
        application()

    assert asked(cassette) == [b"hi"]
    assert "cassette.failed.yaml" in caught.value.__notes__[0]


def test_what_the_user_should_know_is_a_warning(cassette: Path) -> None:
    """Such as a request that was never answered."""

    def application() -> None:
        with use_cassette(cassette, "once") as tape:
            tape.recording(HttpRequest("GET", "http://a.test"))

    with pytest.warns(CassetteWarning, match="had no answer"):
        application()


def test_cassette_that_cannot_be_read_leaves_nothing_behind(
    ask: Ask, cassette: Path
) -> None:
    """No patch, no open cassette."""
    cassette.write_text("interactions: {")

    with pytest.raises(CassetteError), use_cassette(cassette):
        pass

    assert ask("hi") == "echo hi"


def test_one_object_serves_many_blocks(ask: Ask, tmp_path: Path) -> None:
    """One after the other, and one in the other."""
    wrap = use_cassette("trip", "new_episodes", directory=tmp_path)

    with wrap as outer:
        ask("hi")
        with wrap as inner:
            ask("ho")
        ask("hi there")

    assert [len(outer.recorded), len(inner.recorded)] == [2, 1]
    assert sorted(asked(tmp_path / "trip.yaml")) == [b"hi", b"hi there", b"ho"]


def test_async_block(aask: Callable[[str], Any], cassette: Path) -> None:
    """As the other, in a task."""

    async def run() -> str:
        async with use_cassette(cassette, "once") as tape:
            said = await aask("hi")
        assert len(tape.recorded) == 1
        return str(said)

    assert asyncio.run(run()) == "echo hi"


# ------------------------------------------------------------------ decorators


def test_function_has_the_cassette_open(ask: Ask, server: Any, cassette: Path) -> None:
    """Each call opens it anew, so each may play all of it."""

    @use_cassette(cassette, "once")
    def hello(word: str, *, times: int = 1) -> str:
        """Say hello."""
        return ask(word) * times

    assert hello("hi", times=2) == hello("hi", times=2) == "echo hi" * 2
    assert len(server.asked) == 1
    assert hello.__doc__ == "Say hello."
    assert [*inspect.signature(hello).parameters] == ["word", "times"]


def test_coroutine_has_the_cassette_open(
    aask: Callable[[str], Any], server: Any, cassette: Path
) -> None:
    """While it is awaited."""

    @use_cassette(cassette, "once")
    async def hello(word: str) -> str:
        return str(await aask(word))

    assert inspect.iscoroutinefunction(hello)
    assert asyncio.run(hello("hi")) == asyncio.run(hello("hi")) == "echo hi"
    assert len(server.asked) == 1


def test_generator_has_the_cassette_while_it_runs(ask: Ask, tmp_path: Path) -> None:
    """Two that take turns do not mix, and what is sent and thrown arrives."""

    def talk(name: str) -> Generator[str, str, str]:
        word = name
        while True:
            try:
                word = yield ask(word)
            except KeyError:
                return ask("the end")

    def opened(name: str) -> Generator[str, str, str]:
        return use_cassette(tmp_path / f"{name}.yaml", "once")(talk)(name)

    one, two = opened("one"), opened("two")
    said = [next(one), next(two), one.send("more"), two.send("other")]
    with pytest.raises(StopIteration) as ended:
        one.throw(KeyError("x"))
    two.close()

    assert said == ["echo one", "echo two", "echo more", "echo other"]
    assert ended.value.value == "echo the end"
    assert asked(tmp_path / "one.yaml") == [b"one", b"more", b"the end"]
    assert asked(tmp_path / "two.yaml") == [b"two", b"other"]


def test_async_generator_has_the_cassette_while_it_runs(
    aask: Callable[[str], Any], tmp_path: Path
) -> None:
    """As the other, in a task."""

    async def talk(name: str) -> AsyncGenerator[str, str]:
        word = name
        while True:
            try:
                word = yield await aask(word)
            except KeyError:
                yield await aask("the end")
                return

    async def run() -> list[str]:
        one, two = (
            use_cassette(tmp_path / f"{name}.yaml", "once")(talk)(name)
            for name in ("one", "two")
        )
        said = [await anext(one), await anext(two), await one.asend("more")]
        said.append(await one.athrow(KeyError("x")))
        said += [rest async for rest in one]
        await two.aclose()
        return said

    said = asyncio.run(run())

    assert said == ["echo one", "echo two", "echo more", "echo the end"]
    assert asked(tmp_path / "one.yaml") == [b"one", b"more", b"the end"]
    assert asked(tmp_path / "two.yaml") == [b"two"]


def test_failing_generator_keeps_the_cassette_as_it_was(
    ask: Ask, cassette: Path
) -> None:
    """As a block that fails does."""

    @use_cassette(cassette, "once")
    def talk() -> Iterator[str]:
        yield ask("hi")
        raise ValueError("no")

    running = talk()
    next(running)
    with pytest.raises(ValueError, match="no"):
        next(running)

    assert not cassette.exists()


@pytest.mark.parametrize("thing", [3, Interaction])
def test_only_functions_are_decorated(thing: Any) -> None:
    """A class is told to have its methods decorated."""
    with pytest.raises(InputError, match="decorate a function"):
        use_cassette("weather")(thing)


# ----------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "directory", "path"),
    [
        ("trip", None, "cassettes/trip.yaml"),
        ("trip/day", None, "cassettes/trip/day.yaml"),
        ("trip.yaml", None, "cassettes/trip.yaml"),
        ("a/trip.yaml", None, "a/trip.yaml"),
        (Path("trip.yaml"), None, "trip.yaml"),
        ("trip", "b", "b/trip.yaml"),
        ("a/trip.yaml", "b", "b/a/trip.yaml"),
    ],
)
def test_names_of_new_cassettes(name: Any, directory: Any, path: str) -> None:
    """A name lies in the folder of cassettes, a path where it says."""
    assert cassette_path(name, directory).as_posix() == path


def test_name_of_a_cassette_that_is_there(tmp_path: Path) -> None:
    """It is found with the ending that it has."""
    (tmp_path / "trip.yml").write_text("interactions: []\nversion: 1\n")

    assert cassette_path("trip", tmp_path) == tmp_path / "trip.yml"


@pytest.mark.parametrize("name", ["", 3, None])
def test_what_is_no_name(name: Any) -> None:
    """The error says what is."""
    with pytest.raises(InputError, match="no name of a cassette"):
        use_cassette(name)


@pytest.mark.parametrize(
    "options",
    [
        {"timing": "slow"},
        {"timing": 0},
        {"timing": True},
        {"retry_after": "later"},
        {"replay_clock": 3},
    ],
)
def test_wrong_options(options: Any) -> None:
    """The error says what can be given."""
    with pytest.raises(InputError, match=r"give|Known"):
        use_cassette("weather", **options)


@pytest.mark.parametrize("option", [{"mode": "twice"}, {"match_onn": ["uri"]}])
def test_wrong_options_of_the_tape(option: Any) -> None:
    """They are found when the cassette is opened, and nothing is left open."""
    with (
        pytest.raises(InputError, match=r"Did you mean|Known"),
        use_cassette("weather", **option),
    ):
        pass


def test_miss_is_a_cassette_miss(ask: Ask, cassette: Path) -> None:
    """What was raised carries what an application may catch."""
    with pytest.raises(UnrecordedRequest) as caught, use_cassette(cassette):
        ask("hi")

    assert isinstance(caught.value.miss, CassetteMiss)


def test_clients_are_loaded_by_whoever_uses_them(cassette: Path) -> None:
    """A cassette loads none, and hears the one that is imported after it was opened."""
    code = f"""
import sys
from harness import UnrecordedRequest
from harness.recording import use_cassette

clients = {{"httpx", "httpx2", "requests", "urllib3", "aiohttp", "anyio"}}
with use_cassette({str(cassette)!r}) as tape:
    print(sorted(clients & {{*sys.modules}}))
    import httpx
    try:
        httpx.get("http://a.test")
    except UnrecordedRequest:
        print(len(tape.misses))
    tape.misses.clear()
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert ended.stdout.split() == ["[]", "1"], ended.stderr


@pytest.mark.parametrize("flag", ["1", "true"])
def test_nothing_is_recorded_where_ci_is_set(
    ask: Ask, cassette: Path, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody insists."""
    monkeypatch.setenv("CI", flag)

    with pytest.raises(UnrecordedRequest), use_cassette(cassette, "once"):
        ask("hi")
    with use_cassette(cassette, "once", forced=True):
        ask("hi")

    assert asked(cassette) == [b"hi"]
