"""However many secrets are known, the same of them are found in a text."""

from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.known_secrets import KnownSecrets

#: Few letters, so that one secret is part of another, and texts have parts of them.
SPELLINGS = st.text("ab1", min_size=1, max_size=24)


@given(
    known=st.lists(SPELLINGS, min_size=40, max_size=60, unique=True),
    pieces=st.lists(SPELLINGS, max_size=8),
    chosen=st.lists(st.integers(0, 39), max_size=4),
)
def test_many_are_found_as_few_are(
    known: list[str], pieces: list[str], chosen: list[int]
) -> None:
    """Looked up by their ends, or looked for one by one: no difference."""
    text = "-".join([*pieces, *[known[n] for n in chosen]])
    secrets = KnownSecrets({one: f"mark {one}" for one in known})

    found = secrets.within(text)

    assert sorted(found) == sorted(one for one in known if one in text)


def test_the_first_mark_stays() -> None:
    """What stands for a secret once stands for it always."""
    secrets = KnownSecrets({"secret": "first"})

    secrets.tell("secret", "second")

    assert secrets.marks == {"secret": "first"}
    assert secrets.within("my secret") == ["secret"]
