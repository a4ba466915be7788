"""What the standard suites of LangChain would fetch from the internet is here."""

import base64
from typing import Any

import httpx
import pytest

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n"
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
FILES = {".jpg": PNG, ".png": PNG, ".pdf": PDF, ".wav": WAV}


@pytest.fixture(autouse=True)
def local_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each address of an image, a PDF or a sound a file of this machine."""

    def get(url: Any, **_: Any) -> httpx.Response:
        data = next(data for end, data in FILES.items() if str(url).endswith(end))
        return httpx.Response(200, content=data, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "chat-harness")


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """Nothing of these models goes over HTTP: there is nothing to record."""
    return {"record_mode": "none"}
