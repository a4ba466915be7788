"""How bodies stand in a cassette: JSON over several lines, all else as it is.

In: the bytes of the wire. Out: the bytes that are shown, a word for how the wire
spelled them, and headers that are right for what is shown; and back.
"""

from harness.cassettes.interactions import Headers
from harness.cassettes.json_spelling import SPELLINGS, laid_out, spelled

__all__ = ["restored", "shown", "sized"]

_LENGTH = "content-length"

#: Said behind a spelling where content-length is not the length of the body.
_UNSIZED = " unsized"


def shown(body: bytes, headers: Headers) -> tuple[bytes, str]:
    """*body* as it is shown, and the words for how it was spelled: "" for as it is."""
    if body[:1] not in (b"{", b"["):
        return body, ""
    try:
        found = laid_out(body.decode())
    except UnicodeDecodeError:
        return body, ""
    if found is None:
        return body, ""
    text, form = found
    sizes = {value for name, value in headers if name.lower() == _LENGTH}
    return text.encode(), form if sizes <= {str(len(body))} else f"{form}{_UNSIZED}"


def restored(body: bytes, form: str, *, sound: bool = False) -> bytes:
    """The bytes of the wire, of a *body* that is shown; *sound*: surely by us."""
    form = form.removesuffix(_UNSIZED)
    if form not in SPELLINGS:
        return body
    text = spelled(body.decode("utf-8", "replace"), form, laid=sound)
    return text.encode("utf-8", "surrogatepass")


def sized(headers: Headers, form: str, body: bytes) -> Headers:
    """*headers* whose content-length is that of *body*, if it was right for *form*."""
    if not form or form.endswith(_UNSIZED):
        return headers
    size = str(len(body))
    return tuple(
        [pair if pair[0].lower() != _LENGTH else (pair[0], size) for pair in headers]
    )
