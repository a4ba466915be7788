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
