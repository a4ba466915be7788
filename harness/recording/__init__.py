"""HTTP traffic of this process, recorded into cassettes and played from them."""

from harness.recording.guard import Guard, block_network
from harness.recording.use import cassette_path, use_cassette

__all__ = ["Guard", "block_network", "cassette_path", "use_cassette"]
