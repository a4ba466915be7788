"""What is looked for: a table of rules, and what one of them found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["RULES", "Finding", "Rule", "Severity", "chosen"]

#: An error fails a run, a warning does so where one is strict, a note never does.
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What has a *name* that can be selected: what it *means*, and what to *do*."""

    name: str
    severity: Severity
    means: str
    todo: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A *rule* that does not hold at a *line* of the file at *path*.

    >>> print(Finding("cassettes/a.yaml", 3, "secret", "there is a groq-key."))
    cassettes/a.yaml:3: error secret: there is a groq-key.
    """

    path: str
    line: int
    rule: str
    text: str

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return RULES[self.rule].severity

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.severity} {self.rule}: {self.text}"


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return {rule.name: rule for rule in rules}


#: Every rule by its name.
RULES: Mapping[str, Rule] = _table(
    Rule(
        "damaged",
        "error",
        "A file cannot be read, is cut short, is no UTF-8 or no YAML, or is no "
        "cassette and no script.",
        "Restore it from version control, or record it again.",
    ),
    Rule(
        "conflict",
        "error",
        "The marks of a merge conflict stand in a cassette.",
        "Keep one side of it.",
    ),
    Rule(
        "foreign",
        "error",
        "A recording is in the format of another program.",
        "Make a cassette of it with harness convert, or record it again.",
    ),
    Rule(
        "seal",
        "error",
        "A cassette is not as it was recorded: an interaction was edited, added or "
        "removed.",
        "Undo the edit; if it is wanted, harness seal.",
    ),
    Rule(
        "secret",
        "error",
        "A key, token, password, cookie or signature stands in a file.",
        "harness redact hides it; a key that was pushed is to be revoked.",
    ),
    Rule(
        "identifier",
        "warning",
        "The id of an organization, account or project stands in a cassette; recording "
        "would have hidden it.",
        "harness redact hides it.",
    ),
    Rule(
        "broken",
        "error",
        "A recorded answer breaks off, or its stream is none, and the cassette does "
        "not say that it ended so.",
        "Record it again.",
    ),
    Rule(
        "grammar",
        "warning",
        "A recorded stream breaks a rule of its wire format, in a way that no provider "
        "is known for: it may have been edited.",
        "Look at it, or record it again.",
    ),
    Rule(
        "quirk",
        "note",
        "A recorded stream is as some providers send them, and breaks a rule of its "
        "wire format. It replays well.",
        "Nothing.",
    ),
    Rule(
        "unreadable",
        "warning",
        "No dialect can read a chat's request, or its answer. It replays over HTTP, "
        "and not as messages.",
        "Look whether that was wanted; else record it again.",
    ),
    Rule(
        "stale",
        "error",
        "Recordings are older than --max-age allows.",
        "Record them again: mode 'all' or 'rewrite'.",
    ),
    Rule(
        "orphan",
        "warning",
        "With --orphans: no test, nor other code, seems to name a cassette.",
        "Remove it, or mend the name.",
    ),
    Rule(
        "script",
        "error",
        "A script cannot be read: a wrong field, a wrong value, no YAML.",
        "Mend the line.",
    ),
    Rule(
        "unplayable",
        "error",
        "A turn of a script can never be played: one before it takes all that it "
        "would answer, forever.",
        "Give the one before a condition or a number of times, or move it behind.",
    ),
    Rule(
        "name",
        "error",
        "Two files have names that differ by case alone: some systems take them for "
        "one.",
        "Rename one.",
    ),
    Rule(
        "portable",
        "warning",
        "Windows does not take the name of a file.",
        "Rename it.",
    ),
    Rule(
        "leftover",
        "warning",
        "A run that was killed or failed left a file beside a cassette.",
        "Record again, which takes a journal over, or remove it.",
    ),
)


def chosen(
    findings: Iterable[Finding], select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> list[Finding]:
    """Those of *findings* whose rules are selected, and not ignored.

    Selected are all, but for notes, where nothing is said. In order of file and line.
    """
    known = {*select} or {one.name for one in RULES.values() if one.severity != "note"}
    wanted = known - {*ignore}
    return sorted({one for one in findings if one.rule in wanted})
