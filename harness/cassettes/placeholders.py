"""What stands where a secret stood.

A placeholder is made of characters that need no escape anywhere: in a URL, a header,
a cookie, a form, JSON or YAML. Its last part is a fingerprint of the secret, so that
equal secrets stay equal and different ones differ: a recording made with one key is
not mistaken for that of another.
"""

import re
from hashlib import blake2b

__all__ = [
    "PLACEHOLDER",
    "fingerprint",
    "in_placeholder",
    "placeholder",
    "without_fingerprints",
]

_PERSON = b"chat-harness"
_FORM = r"REDACTED-([a-z0-9]+(?:-[a-z0-9]+)*?)-[0-9a-f]{8}(?![0-9a-z])"

#: Matches a placeholder; group 1 is the kind of secret.
PLACEHOLDER = re.compile(_FORM)
_BEGIN, _LONGEST = "REDACTED-", 60
_PLACEHOLDER_BYTES = re.compile(_FORM.encode())


def placeholder(kind: str, secret: str) -> str:
    """What stands for *secret*, the same each time.

    >>> placeholder("cookie", "abc")
    'REDACTED-cookie-803a0205'
    """
    return f"REDACTED-{kind}-{fingerprint(secret)}"


def fingerprint(secret: str) -> str:
    """Eight hexadecimal digits that tell secrets apart, and do not tell the secret."""
    data = secret.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=4, person=_PERSON).hexdigest()


def in_placeholder(text: str, start: int, end: int) -> bool:
    """Whether this part of *text* begins or ends in a placeholder.

    >>> in_placeholder("a REDACTED-cookie-803a0205", 11, 17)
    True
    """
    for at in (start, end - 1):
        begin = text.rfind(_BEGIN, max(at - _LONGEST, 0), at + len(_BEGIN))
        found = PLACEHOLDER.match(text, begin) if begin >= 0 else None
        if found and found.start() <= at < found.end():
            return True
    return False


def without_fingerprints(data: bytes) -> bytes:
    """*data* with placeholders that say the kind alone: one for all secrets of a kind.

    For a comparison in which it must not matter whose key it was.

    >>> without_fingerprints(b"?key=REDACTED-google-key-0123abcd&alt=sse")
    b'?key=REDACTED-google-key&alt=sse'
    """
    return _PLACEHOLDER_BYTES.sub(rb"REDACTED-\1", data)
