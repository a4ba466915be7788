"""Recordings of other programs as interactions: what `harness convert` reads.

In: the bytes of a file. Out: which of the `FORMATS` it has, and the interactions in
it, with their secrets. Nothing is read by halves: what is damaged is a CassetteError.
"""

from harness.converting.formats import FORMATS, ForeignRecording, Format, read_recording

__all__ = ["FORMATS", "ForeignRecording", "Format", "read_recording"]
