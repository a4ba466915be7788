"""Reports: one page in which every conversation can be looked at, without a network.

In: files of cassettes and scripts, or the tests of a run. Out: one file of HTML, which
holds no secret.
"""

from harness.report.entries import Entry, Miss, Part, file_entries
from harness.report.hiding import Hiding
from harness.report.page import page_of
from harness.report.runs import compared

__all__ = ["Entry", "Hiding", "Miss", "Part", "compared", "file_entries", "page_of"]
