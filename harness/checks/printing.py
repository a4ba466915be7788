"""Findings for machines: GitHub's workflow commands, JSON, SARIF.

Sources: GitHub's documentation of workflow commands; the SARIF 2.1.0 standard of OASIS.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from harness.checks.rules import RULES, Finding

__all__ = ["as_github", "as_json", "as_sarif", "summed"]

FORMAT = "chat-harness/check/1"

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_github(finding: Finding) -> str:
    """*finding* as an annotation of a workflow run on GitHub.

    Its text begins with the place, as the log of the run shows that alone.

    >>> print(as_github(Finding("a.yaml", 3, "conflict", "keep one")))
    ::error file=a.yaml,line=3,title=conflict::a.yaml:3: keep one
    """
    path, title = _property(finding.path), _property(finding.rule)
    said = _data(f"{finding.path}:{finding.line}: {finding.text}")
    command = _COMMANDS[finding.severity]
    return f"::{command} file={path},line={finding.line},title={title}::{said}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summed(findings: Iterable[Finding]) -> dict[str, int]:
    """How many there are of each severity."""
    counts = Counter[str](one.severity for one in findings)
    return {name: counts[name] for name in _COMMANDS}


def as_json(findings: Sequence[Finding], files: int) -> dict[str, Any]:
    """All *findings* in *files* as a JSON value."""
    return {
        "format": FORMAT,
        "files": files,
        "summary": summed(findings),
        "findings": [
            {
                "path": one.path,
                "line": one.line,
                "severity": one.severity,
                "rule": one.rule,
                "text": one.text,
            }
            for one in findings
        ],
    }


def as_sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """All *findings* of this *version* of harness as a SARIF log."""
    names = [*RULES]
    driver = {
        "name": "chat-harness",
        "version": version,
        "rules": [
            {
                "id": rule.name,
                "shortDescription": {"text": rule.means},
                "help": {"text": rule.todo},
                "defaultConfiguration": {"level": rule.severity},
            }
            for rule in RULES.values()
        ],
    }
    results = [
        {
            "ruleId": one.rule,
            "ruleIndex": names.index(one.rule),
            "level": one.severity,
            "message": {"text": one.text},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(one.path)},
                        "region": {"startLine": one.line},
                    }
                }
            ],
        }
        for one in findings
    ]
    run = {"tool": {"driver": driver}, "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
