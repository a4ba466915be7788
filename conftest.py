"""What every test of this repository shares: Hypothesis profiles, real recordings."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Benchmarks need their peers, which the tests' environment does not have.
collect_ignore_glob = ["tests/benchmarks/*"]

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
