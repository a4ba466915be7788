"""Whose word a key is."""

from harness.wire.ownership import own


def test_words_of_others_are_left_out():
    """A signature goes back to the provider alone that gave it."""
    extras = {"signature": "s", "thoughtSignature": "t", "new": 1}

    assert own(extras, "anthropic-messages") == {"signature": "s", "new": 1}
    assert own(extras, "gemini") == {"thoughtSignature": "t", "new": 1}
    assert own(extras, "ollama-chat") == {"new": 1}


def test_nothing_is_nobodys():
    """No extras are none."""
    assert own(None, "gemini") == own({}, "gemini") == {}


def test_some_words_have_several_owners():
    """What two providers know goes to both, and to no third."""
    extras = {"filename": "a.pdf", "cache_control": {}, "name": "a"}

    assert own(extras, "openai-chat") == {"filename": "a.pdf", "cache_control": {}}
    assert own(extras, "openai-responses") == {"filename": "a.pdf"}
    assert own(extras, "bedrock-converse") == {"filename": "a.pdf", "name": "a"}


def test_a_mark_stays_with_its_dialect():
    """How a dialect spelled something is told to no other."""
    extras = {"gemini": {"types": "capitals"}}

    assert own(extras, "gemini") == extras
    assert own(extras, "openai-chat") == {}


def test_what_is_no_mapping_says_nothing():
    """Extras of a wrong type are none."""
    assert own(7, "gemini") == {}
