"""What goes wrong on the wire is recorded, and goes wrong again in the same way."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.cassettes import Interaction, load_cassette
from harness.recording import use_cassette

Ask = Callable[[ModuleType, str], bytes]


def ask(library: ModuleType, url: str) -> bytes:
    """Read an answer, waiting a little."""
    with library.Client(timeout=0.2) as client:
        return client.post(url).content


def ask_async(library: ModuleType, url: str) -> bytes:
    """The same in a task."""

    async def asks() -> bytes:
        async with library.AsyncClient(timeout=0.2) as client:
            return (await client.post(url)).content

    return asyncio.run(asks())


@pytest.fixture(params=[ask, ask_async], ids=["sync", "async"])
def asking(request: pytest.FixtureRequest) -> Ask:
    """Give a way to ask."""
    return request.param


def only(cassette: Path) -> Interaction:
    """Give the one interaction of a cassette."""
    (interaction,) = load_cassette(cassette)
    return interaction


def failed(asking: Ask, library: ModuleType, url: str) -> Exception:
    """Give what asking raises."""
    with pytest.raises(library.HTTPError) as caught:
        asking(library, url)
    return caught.value


def scripted(server: Any) -> dict[str, Callable[[], None]]:
    """Give ways for the server to fail."""
    return {
        "dropped in the stream": lambda: server.streams(b"data: 1\n\n", server.cut),
        "dropped at once": lambda: server.streams(server.cut),
        "silent in the stream": lambda: server.streams(b"data: 1\n\n", server.hold),
        "silent at once": lambda: server.streams(server.hold),
    }


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("dropped in the stream", ("RemoteProtocolError", "interrupted", 200)),
        ("dropped at once", ("RemoteProtocolError", "connection", 599)),
        ("silent in the stream", ("ReadTimeout", "timeout", 200)),
        ("silent at once", ("ReadTimeout", "timeout", 599)),
    ],
)
def test_failure_is_recorded_and_played(
    library: ModuleType,
    server: Any,
    cassette: Path,
    asking: Ask,
    how: str,
    wanted: tuple[str, str, int],
) -> None:
    """Type, words and request of the error are those of the live one."""
    kind, *end = wanted
    scripted(server)[how]()

    with use_cassette(cassette, "once"):
        live = failed(asking, library, server.url)
    with use_cassette(cassette):
        again = failed(asking, library, server.url)

    assert type(again) is type(live) is getattr(library, kind)
    assert str(again) == (str(live) or f"{kind}")
    assert str(again.request.url) == server.url  # type: ignore[attr-defined]
    assert [only(cassette).ended, only(cassette).status] == end


def test_refused_connection_is_recorded_and_played(
    library: ModuleType, cassette: Path, asking: Ask
) -> None:
    """A server that is not there is not there on replay, whoever listens then."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    url = f"http://127.0.0.1:{port}"

    with use_cassette(cassette, "once"):
        live = failed(asking, library, url)
    with use_cassette(cassette):
        again = failed(asking, library, url)

    assert type(again) is type(live) is library.ConnectError
    assert only(cassette).ended == "connection"


def test_pieces_before_the_failure_are_played(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """The application gets as far as it did."""
    server.streams(b"data: 1\n\n", server.cut)
    pieces: list[bytes] = []

    for wrap in (use_cassette(cassette, "once"), use_cassette(cassette)):
        with (
            wrap,
            library.Client() as client,
            pytest.raises(library.RemoteProtocolError),
            client.stream("POST", server.url) as response,
        ):
            pieces.extend(response.iter_raw())

    assert pieces == [b"data: 1\n\n"] * 2


def test_other_library_raises_its_own(
    server: Any, cassette: Path, library: ModuleType
) -> None:
    """A failure that another client had is one of its own, of that sort."""
    for ended, kind in [
        ("timeout", "ReadTimeout"),
        ("connection", "ConnectError"),
        ("interrupted", "RemoteProtocolError"),
    ]:
        path = cassette.with_name(f"{ended}.yaml")
        with use_cassette(path, "once") as tape:
            exchange = tape.recording(_request(server.url))
            if ended == "interrupted":
                exchange.response(200)
            exchange.end(ended, "OSError: the wire is cut")

        with use_cassette(path):
            again = failed(ask, library, server.url)

        assert type(again) is getattr(library, kind)
        assert str(again) == "the wire is cut"


def _request(url: str) -> Any:
    from harness.cassettes.http_requests import HttpRequest

    return HttpRequest("POST", url)


def test_request_cancelled_before_its_answer_is_not_recorded(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Nothing came of it, and nothing went wrong on the wire."""
    server.streams(server.hold)

    async def run() -> list[str]:
        with use_cassette(cassette, "once") as tape:
            async with library.AsyncClient() as client:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(client.post(server.url), 0.2)
            recorded = [*tape.recorded]
        return [*tape.notes, *map(str, recorded)]

    assert asyncio.run(run()) == []
