"""HTTP traffic of this process, recorded into cassettes and played from them.

Or from a fake: see `Interception`.
"""

from harness.recording.guard import Guard, block_network
from harness.recording.hosts import PROVIDER_HOSTS
from harness.recording.intercepting import Interception
from harness.recording.use import use_cassette

__all__ = [
    "PROVIDER_HOSTS",
    "Guard",
    "Interception",
    "block_network",
    "use_cassette",
]
