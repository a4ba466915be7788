"""What a credential keeps when it is hidden: its scheme, the names of its cookies."""

import base64
import re
from collections.abc import Callable

from harness.cassettes.secret_names import COOKIE, SECRET

__all__ = ["credential_hidden"]

_SCHEME = re.compile(
    r"(\s*(?:bearer|basic|token|digest|negotiate|ntlm|hmac|key|api-?key|googlelogin"
    r"|sharedkey(?:lite)?|splunk|aws4-[a-z0-9-]+|goog4-[a-z0-9-]+)[ ]+)(.*\S)\s*",
    re.IGNORECASE | re.DOTALL,
)
_COOKIE = re.compile(r"(?<![^=;,\s])([^=;,\s]++=)([^;]*)")


def credential_hidden(
    value: str, kind: str, name: str, hide: Callable[[str, str], str]
) -> str:
    """*value* of the header or field *name*, its secret part given to *hide*."""
    if kind == COOKIE:
        return _cookies(value, name, hide)
    found = _SCHEME.fullmatch(value)
    if found is None:
        return hide(value, kind)
    scheme, secret = found.groups()
    if scheme.strip().lower() == "basic":
        _learn_basic(secret, hide)
    return scheme + hide(secret, kind)


def _cookies(value: str, name: str, hide: Callable[[str, str], str]) -> str:
    """Each value hidden; of `set-cookie` the first: what follows says how long."""
    if "=" not in value:
        return hide(value, COOKIE)
    count = 1 if "set" in name.lower() else 0
    return _COOKIE.sub(lambda one: one[1] + hide(one[2], COOKIE), value, count=count)


def _learn_basic(secret: str, hide: Callable[[str, str], str]) -> None:
    try:
        said = base64.b64decode(f"{secret}==").decode()  # more than enough
    except ValueError:
        return
    hide(said, SECRET)
    hide(said.partition(":")[2], SECRET)
