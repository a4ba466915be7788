"""What can be wrong with cassettes and scripts. In: their text. Out: findings.

Nothing here reads a file, and no finding shows a secret.
"""

from harness.checks.files import check_file
from harness.checks.names import check_leftover, check_names
from harness.checks.orphans import check_orphans, words_of
from harness.checks.rules import RULES, Finding, Rule, Severity, chosen

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "Severity",
    "check_file",
    "check_leftover",
    "check_names",
    "check_orphans",
    "chosen",
    "words_of",
]
