"""Findings for machines."""

import json

from harness.checks import RULES, Finding
from harness.checks.printing import as_github, as_json, as_sarif

FOUND = [
    Finding("a,b:c%.yaml", 3, "seal", "50% of\r\nit: changed, so"),
    Finding("a.yaml", 1, "grammar", "x"),
    Finding("a.yaml", 2, "quirk", "y"),
]


def test_github() -> None:
    """Escaped as its documentation says: in properties also the colon and the comma."""
    assert [as_github(one) for one in FOUND] == [
        (
            "::error file=a%2Cb%3Ac%25.yaml,line=3,title=seal"
            "::a,b:c%25.yaml:3: 50%25 of%0D%0Ait: changed, so"
        ),
        "::warning file=a.yaml,line=1,title=grammar::a.yaml:1: x",
        "::notice file=a.yaml,line=2,title=quirk::a.yaml:2: y",
    ]


def test_json() -> None:
    """All that there is, and a summary."""
    value = as_json(FOUND, 7)

    assert value["format"] == "chat-harness/check/1"
    assert (value["files"], value["summary"]) == (
        7,
        {"error": 1, "warning": 1, "note": 1},
    )
    assert value["findings"][1] == {
        "path": "a.yaml",
        "line": 1,
        "severity": "warning",
        "rule": "grammar",
        "text": "x",
    }
    assert json.loads(json.dumps(value)) == value


def test_sarif() -> None:
    """What the standard asks for: rules, and results that point to them."""
    log = as_sarif(FOUND, "1.2.3")
    (run,) = log["runs"]
    driver, results = run["tool"]["driver"], run["results"]

    assert (log["version"], driver["version"]) == ("2.1.0", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == [*RULES]
    for one, said in zip(FOUND, results, strict=True):
        assert driver["rules"][said["ruleIndex"]]["id"] == said["ruleId"] == one.rule
        assert said["level"] in ("error", "warning", "note")
        place = said["locations"][0]["physicalLocation"]
        assert place["region"] == {"startLine": one.line}
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "a%2Cb%3Ac%25.yaml"
    }
