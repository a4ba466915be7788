"""What every test of this repository shares: Hypothesis profiles, real recordings."""

import base64
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Benchmarks need their peers, and LangChain's standard suites an older vcrpy: what
# the tests' environment does not have. The suites run in one of their own.
collect_ignore_glob = ["tests/benchmarks/*"]
if find_spec("langchain_tests") is None:
    collect_ignore_glob.append("tests/bridges/standard/*")

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent
RECORDINGS = "CHAT_HARNESS_RECORDINGS"

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=50,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # coverage traces every line
)
settings.register_profile("dev", deadline=None, max_examples=50, print_blob=True)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=2_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Give the folder of real recordings, or skip: it is no part of the repository."""
    default = ROOT.parent / "shared" / "recordings"
    folder = Path(os.environ.get(RECORDINGS) or default)
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}: set {RECORDINGS} to their folder")
    return folder


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and its answer, content-encoding undone."""

    file: str
    n: int
    api: str
    provider: str
    fidelity: str
    url: str
    status: int
    headers: dict[str, str]
    request: bytes
    response: bytes

    @property
    def name(self) -> str:
        """File and number, to name it in a test's report."""
        return f"{self.file}#{self.n}"


def read_exchanges(folder: Path) -> Iterator[Exchange]:
    """Give every recorded exchange that went over HTTP."""
    with gzip.open(folder / "exchanges.jsonl.gz", "rt", encoding="utf-8") as lines:
        for said in map(json.loads, lines):
            headers = {
                name.lower(): text for name, text in said["response_headers"] or ()
            }
            yield Exchange(
                said["file"],
                said["n"],
                said["api"] or "",
                said["provider"] or "",
                said["fidelity"] or "",
                said["url"] or "",
                said["status"] or 0,
                headers,
                read_body(said["request"]),
                read_body(said["response"]),
            )


def read_body(said: dict[str, Any] | None) -> bytes:
    """Give the bytes of a body."""
    if said and said.get("base64") is not None:
        return base64.b64decode(said["base64"])
    return ((said or {}).get("text") or "").encode("utf-8", "surrogatepass")


@pytest.fixture(scope="session")
def exchanges(recordings: Path) -> list[Exchange]:
    """Give every recorded exchange, in the order of their files."""
    return [*read_exchanges(recordings)]
