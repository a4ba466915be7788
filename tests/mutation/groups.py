"""What is mutated, by which tests it is to be noticed. Paths are of the repository."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Group:
    """Files of ours, as patterns, the tests that cover them, and the share to draw."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    share: float = 1.0

    def files(self, root: Path) -> list[str]:
        """Give the paths of the files."""
        found = (path for one in self.modules for path in sorted(root.glob(one)))
        return [str(path.relative_to(root)) for path in found]


def _core(*names: str) -> tuple[str, ...]:
    return tuple(f"harness/{name}.py" for name in names)


CHUNKS = _core(
    "chunks",
    "sums",
    "ropes",
    "finishing",
    "partial_json",
    "chunk_fields",
    "unfinished",
    "tool_arguments",
)
MATCHING = _core("matching", "cassettes/finding", "cassettes/lookup", "cassettes/rules")
REDACTION = _core(
    "cassettes/redaction",
    "cassettes/secrets",
    "cassettes/key_shapes",
    "cassettes/secret_names",
    "cassettes/credentials",
    "cassettes/placeholders",
    "cassettes/clean_bodies",
    "cassettes/spans",
)

#: Those that open files, and ask for answers, are among the slowest: these are not.
CASSETTES = tuple(
    f"tests/cassettes/test_{name}.py"
    for name in (
        *("lookup", "misses", "redaction", "redaction_agrees", "secrets"),
        *("source", "tape", "drift"),
    )
)

GROUPS = {
    "chunks": Group(
        CHUNKS,
        (
            "tests/test_chunks.py",
            "tests/test_ropes.py",
            "tests/test_partial_json.py",
            "tests/test_unfinished.py",
            "tests/test_tool_arguments.py",
            "tests/test_usage.py",
            "tests/test_blocks.py",
            "tests/laws/test_chunk_laws.py",
            "tests/test_tools.py",
            "tests/wire/test_templates.py",
            *CHUNKS,
        ),
    ),
    "matching": Group(MATCHING, ("tests/test_matching.py", *CASSETTES, *MATCHING)),
    "redaction": Group(REDACTION, (*CASSETTES, *REDACTION)),
    "dialects": Group(
        ("harness/wire/**/*.py",),
        ("tests/wire", "tests/laws/test_dialect_laws.py"),
        share=0.06,
    ),
}
