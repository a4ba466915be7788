"""Frames of a stream that differ in a text alone: written without writing all of them.

The twin of `harness.wire.templates`, which reads them so.
"""

from collections.abc import Callable
from json.encoder import encode_basestring

__all__ = ["TextFrame"]

#: What stands for the text: nobody says this (it is of Unicode's private use).
_MARK = "\ue5a7harness\ue5a7"
_MARK_BYTES = f'"{_MARK}"'.encode()


class TextFrame:
    r"""A frame in which one JSON string changes; *write* writes it with a given text.

    `saying` gives the bytes of the frame that says a text without halves of characters.

    >>> frame = TextFrame(lambda text: f'data: {{"delta":"{text}"}}'.encode())
    >>> frame.saying('He said "Hi"')
    b'data: {"delta":"He said \\"Hi\\""}'
    """

    __slots__ = ("saying",)

    def __init__(self, write: Callable[[str], bytes]) -> None:
        before, found, after = write(_MARK).partition(_MARK_BYTES)
        if not found:  # what stands around it has to be spelled in ASCII
            self.saying = write
            return

        # A closure: this is called for each chunk of a stream.
        def saying(text: str) -> bytes:
            return before + encode_basestring(text).encode() + after

        self.saying = saying
