"""What a cassette leaves alone: transports that do not go to the network."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.recording import use_cassette
from harness.recording.httpx_stubs import patches


def test_client_built_before_the_cassette_is_recorded(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """A client that lives as long as the test run is heard like any other."""
    with library.Client() as client:
        with use_cassette(cassette, "once"):
            live = client.post(server.url, content=b"hi").content
        server.close()
        with use_cassette(cassette):
            again = client.post(server.url, content=b"hi").content

    assert live == again == b"echo hi"


def test_mock_transport_is_neither_recorded_nor_shadowed(
    library: ModuleType, cassette: Path
) -> None:
    """Who mocks answers under an open cassette gets the mocked ones."""
    mock = library.MockTransport(lambda _: library.Response(200, text="mocked"))

    async def ask() -> str:
        async with library.AsyncClient(transport=mock) as client:
            return (await client.get("http://a.test")).text

    with use_cassette(cassette, "once") as tape:
        with library.Client(transport=mock) as client:
            said = client.get("http://a.test").text
        awaited = asyncio.run(ask())

    assert said == awaited == "mocked"
    assert tape.recorded == []


def test_applications_in_this_process_are_not_recorded(
    library: ModuleType, cassette: Path
) -> None:
    """ASGI and WSGI applications answer themselves."""

    def wsgi(_environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b"wsgi"]

    async def asgi(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"asgi"})

    async def ask() -> str:
        transport = library.ASGITransport(app=asgi)
        async with library.AsyncClient(transport=transport) as client:
            return (await client.get("http://a.test")).text

    with use_cassette(cassette) as tape:
        with library.Client(transport=library.WSGITransport(app=wsgi)) as client:
            said = client.get("http://a.test").text
        awaited = asyncio.run(ask())

    assert (said, awaited) == ("wsgi", "asgi")
    assert tape.misses == []


def test_transport_of_ones_own_is_not_recorded(
    library: ModuleType, cassette: Path
) -> None:
    """Where it goes is its own business."""

    class Own(library.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            return library.Response(200, text=request.url.host)

    with use_cassette(cassette) as tape, library.Client(transport=Own()) as client:
        assert client.get("http://a.test").text == "a.test"

    assert tape.misses == []


def test_transport_that_goes_through_the_librarys_is_recorded(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Once for each time that it does."""

    class Twice(library.HTTPTransport):
        def handle_request(self, request: Any) -> Any:
            super().handle_request(request).close()
            return super().handle_request(request)

    for mode in ("once", "none"):
        with (
            use_cassette(cassette, mode) as tape,
            library.Client(transport=Twice()) as client,
        ):
            assert client.post(server.url, content=b"hi").text == "echo hi"

        assert len(server.asked) == 2

    assert tape.unused() == []


def test_recorded_by_one_library_plays_to_the_other(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """A cassette knows no client."""
    import httpx
    import httpx2

    (other,) = {httpx, httpx2} - {library}
    said = []
    for client_of, mode in ((library, "once"), (other, "none")):
        with use_cassette(cassette, mode), client_of.Client() as client:
            said.append(client.post(server.url, content=b"hi").content)

    assert said == [b"echo hi"] * 2


def everything_of(library: ModuleType) -> Iterator[Any]:
    """Give what a cassette replaces."""
    yield vars(library.HTTPTransport)["handle_request"]
    yield vars(library.AsyncHTTPTransport)["handle_async_request"]


def test_nothing_is_left_replaced(library: ModuleType, cassette: Path) -> None:
    """The last cassette that closes takes everything away again."""
    before = [*everything_of(library)]

    one, other = use_cassette(cassette), use_cassette(cassette)
    one.__enter__()
    other.__enter__()
    during = [*everything_of(library)]
    one.__exit__(None, None, None)
    between = [*everything_of(library)]
    other.__exit__(None, None, None)

    assert [*everything_of(library)] == before
    assert during == between
    assert not {*map(id, during)} & {*map(id, before)}


def test_method_that_somebody_kept_passes_on(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Who patches over ours, and calls it when no cassette is open, goes live."""
    with use_cassette(cassette):
        kept, akept = everything_of(library)
    request = library.Request("POST", server.url, content=b"hi")

    async def ask() -> bytes:
        async with library.AsyncHTTPTransport() as transport:
            return await (await akept(transport, request)).aread()

    with library.HTTPTransport() as transport:
        said = kept(transport, request).read()

    assert said == asyncio.run(ask()) == b"echo hi"


def test_library_that_is_being_imported_is_left_for_later(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread may have begun to import it."""
    monkeypatch.setitem(sys.modules, library.__name__, ModuleType(library.__name__))

    found = [patch.owner for patch in patches()]

    assert len(found) == 2
    assert library.HTTPTransport not in found
