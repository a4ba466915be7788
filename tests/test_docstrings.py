"""Google-style docstrings."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.docstrings import split_docstring

GOOGLE = """Search the index.

    Also the archive.

    Args:
        query (str, optional): What to look for,
            in words.
        limit (Callable[[int], (str)]): How many.

        **rest: Anything: else.
        not an entry

    Returns:
        limit: not an argument.
    """


def test_no_docstring() -> None:
    """A missing docstring says nothing."""
    assert split_docstring(None) == ("", {})


def test_a_docstring_without_arguments() -> None:
    """A docstring without "Args:" is all description."""
    assert split_docstring("Add.\n\n  Note: ok.") == ("Add.\n\nNote: ok.", {})


def test_arguments() -> None:
    """Types are dropped, lines joined, other sections left out."""
    description, arguments = split_docstring(GOOGLE)

    assert description == "Search the index.\n\nAlso the archive."
    assert arguments == {
        "query": "What to look for, in words.",
        "limit": "How many.",
        "rest": "Anything: else. not an entry",
    }


def test_text_before_the_first_entry_belongs_to_none() -> None:
    """A section that begins with no entry loses that line alone."""
    assert split_docstring("Do.\nArgs:\n    hello\n    a: one")[1] == {"a": "one"}


@settings(max_examples=50)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.just("text.")))
def test_what_is_written_is_read(arguments: dict[str, str]) -> None:
    """Every argument that is described is found, in order."""
    lines = "".join(f"\n    {name}: {text}" for name, text in arguments.items())

    assert split_docstring(f"Do.\n\nArgs:{lines}") == ("Do.", arguments)
