"""All that is replaced while a cassette or a fake is open, for all who open one."""

from harness.recording import aiohttp_stubs, httpx_stubs, requests_stubs, routing
from harness.recording.patching import Patches

__all__ = ["PATCHES"]

#: Held by each that is open.
PATCHES = Patches(
    routing.patches,
    httpx_stubs.patches,
    requests_stubs.patches,
    aiohttp_stubs.patches,
    awaited=(*httpx_stubs.MODULES, requests_stubs.MODULE, aiohttp_stubs.MODULE),
)
