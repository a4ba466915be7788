"""What the cassettes room reads itself: vcrpy's format in all its forms, and ours.

Among them are files of old httpx stubs, of cassetter, of dd-trace and LangChain.
"""

from harness.cassettes import Interaction, read_cassette
from harness.cassettes.reading import text_of

__all__ = ["read_vcrpy"]


def read_vcrpy(data: bytes, name: str) -> list[Interaction]:
    """The interactions of a cassette of vcrpy's kind. Raises CassetteError.

    A seal that is wrong is an error: what was edited would be sealed as if recorded.
    """
    return [*read_cassette(text_of(data, name), name, seals="error")]
