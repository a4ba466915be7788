"""What every test of this repository shares: Hypothesis profiles, real recordings."""

import base64
import gzip
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Where CI is set, recorders only replay; tests of that set it themselves.
os.environ.pop("CI", None)

# Mutants need mutmut, and LangChain's standard suites an older vcrpy: what the tests'
# environment does not have. Each has one of its own.
collect_ignore_glob = ["tests/mutation/*"]
if find_spec("langchain_tests") is None:
    collect_ignore_glob.append("tests/bridges/standard/*")

pytest_plugins = ["pytester"]

# After a run of pytest within a test, pytester forgets the modules that it imported.
# A client that got its errors late from one of these would not know the next ones.
for name in ("httpcore", "httpcore2"):
    if find_spec(name):
        import_module(name)

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
settings.register_profile(  # for many environments: `make packages`
    "few",
    derandomize=True,
    deadline=None,
    max_examples=3,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
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


def _kept(steps: Iterable[Any], ids: Collection[str] = ()) -> dict[str, Any]:
    """Give what an answer amounts to: the part of it that scripts keep."""
    from harness.chunks import AIMessageChunk
    from harness.messages import AIMessage
    from harness.steps import Fault, Pause

    taken = [*steps]
    chunks = [step for step in taken if isinstance(step, AIMessageChunk)]
    faults = [step for step in taken if isinstance(step, Fault)]
    message = sum(chunks[1:], chunks[0]).to_message() if chunks else AIMessage()
    said: dict[str, Any] = {
        "faults": [(one.kind, one.status, one.retry_after) for one in faults],
        "waits": round(sum(s.seconds for s in taken if isinstance(s, Pause)), 3),
        "text": message.text,
        "calls": [
            (one["name"], one["args"], one["id"] if one["id"] in ids else None)
            for one in (*message.tool_calls, *message.invalid_tool_calls)
        ],
    }
    for kind in ("reasoning", "refusal"):
        blocks = (one.get(kind) or "" for one in message.content_blocks)
        said[kind] = "".join(blocks)
    if not faults:
        said["usage"] = _counted(message.usage_metadata)
        said["finish"] = message.finish_reason
    return said


def _counted(usage: Any) -> Any:
    """Give usage without counts of nothing."""
    if not isinstance(usage, dict):
        return usage
    said = {name: _counted(one) for name, one in usage.items()}
    return {name: one for name, one in said.items() if one not in (0, {})}


@pytest.fixture(scope="session")
def kept() -> Callable[..., dict[str, Any]]:
    """Give the function that says what of an answer scripts keep."""
    return _kept
