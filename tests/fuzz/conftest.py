"""The fuzzer's own modules are no tests: they run without pytest, in an environment."""

from pathlib import Path

collect_ignore = [
    path.name
    for path in Path(__file__).parent.glob("*.py")
    if not path.name.startswith("test_")
]
