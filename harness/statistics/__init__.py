"""What recordings are made of: how many, of whom, how large, how old and how quick.

In: files. Out: `Statistics`: a `Tally` of everything, and one for each model, host,
dialect and file; the same as plain JSON.
"""

from harness.statistics.files import File, read_files
from harness.statistics.json_form import statistics_value
from harness.statistics.tallies import GROUPS, Group, Statistics, Tally, statistics_of

__all__ = [
    "GROUPS",
    "File",
    "Group",
    "Statistics",
    "Tally",
    "read_files",
    "statistics_of",
    "statistics_value",
]
