"""Names whose values are secrets: of headers, query parameters and fields.

A header is secret by its name, or by a word in its name: key, token, secret, password,
auth, signature, cookie. Not secret are keys that are none ("idempotency-key" is an id
that the client makes up), and, for names that are only suspected, values that can be
no secret: numbers and true or false. Fields of JSON are told by the end of their name
in any spelling: `api_key`, `OPENAI-API-KEY`, `apiKey`. A field called "token", as
logprobs have, is secret only where its value is long, one word, and has digits.
"""

import re
from fnmatch import fnmatchcase
from functools import lru_cache

__all__ = [
    "ACCOUNT",
    "COOKIE",
    "REQUEST_ID",
    "SECRET",
    "SUSPECT",
    "field_kind",
    "harmless",
    "header_kind",
    "looks_opaque",
    "named",
    "query_kind",
]

SECRET, COOKIE, ACCOUNT, REQUEST_ID = "secret", "cookie", "account", "request-id"
#: A name that is a secret's, if the value can be one.
SUSPECT = "suspect"

_COOKIES = frozenset({"cookie", "set-cookie", "cookie2", "set-cookie2"})
_WORDS = frozenset(
    "token secret password passwd passphrase key apikey auth authorization "
    "credential credentials signature cookie jwt bearer".split()
)
_PUBLIC = re.compile(
    r"access-control-|sec-websocket-|sec-fetch-|www-auth|proxy-authenticate|.*ratelimit"
    r"|.*(?:idempotency|cache|surrogate|sort|partition)-key$"
)
_REQUEST = re.compile(
    r"(?:.*-)?(?:request|correlation|trace|invocation|auditlog|call|span)[-_]?id$"
    r"|(?:.*-)?(?:cf-ray|traceparent|traceresponse|tracestate|cloud-trace-context"
    r"|amz-cf-id|amz-id-2|b3)$"
)
_ACCOUNT = re.compile(
    r"(?:.*-)?(?:openai-organization|openai-project|goog-user-project)$"
    r"|(?:.*-)?(?:organization|org|project|account|tenant|subscription|workspace)"
    r"[-_]?id$"
)
_CERTAIN = re.compile(
    r"(?:.*-)?(?:authorization|api-?key|password|secret"
    r"|amz-security-token|auth-token|access-token|subscription-key)$"
)

_FIELD_ENDS = re.compile(
    r"(?:apikey|accesskey|accesskeyid|secretkey|secretaccesskey|privatekey|accountkey"
    r"|signingkey|encryptionkey|subscriptionkey|sharedkey|masterkey|authkey"
    r"|accesstoken|refreshtoken|idtoken|authtoken|bearertoken|sessiontoken|securitytoken"
    r"|oauthtoken|apitoken|usertoken|clientassertion|codeverifier|devicecode|jwt"
    r"|secret|password|passwd|passphrase|authorization|connectionstring|clientsecret)s?$"
)
_QUERY = frozenset(
    "key apikey token auth sig signature secret password pwd passwd accesstoken jwt "
    "xamzsignature xamzcredential xamzsecuritytoken xgoogsignature xgoogcredential "
    "awsaccesskeyid keypairid uploadid skoid sktid assertion ticket".split()
)
_NUMBER = re.compile(r"[+-]?\d{0,9}(?:\.\d+)?|true|false|none|null", re.IGNORECASE)
_OPAQUE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[^\s<>{}|]{20,}")
_SEPARATORS = re.compile(r"[-_. ]")


@lru_cache(maxsize=4096)
def header_kind(name: str) -> str | None:
    """What the value of the header *name* is, if it is to be hidden.

    >>> header_kind("X-Api-Key"), header_kind("X-Agent-Token"), header_kind("Accept")
    ('secret', 'suspect', None)
    """
    name = name.lower().replace("_", "-")
    if name in _COOKIES:
        return COOKIE
    if _PUBLIC.match(name):
        return None
    for pattern, kind in (
        (_CERTAIN, SECRET),
        (_ACCOUNT, ACCOUNT),
        (_REQUEST, REQUEST_ID),
    ):
        if pattern.match(name):
            return kind
    return SUSPECT if _WORDS & {*name.split("-")} else None


@lru_cache(maxsize=4096)
def query_kind(name: str) -> str | None:
    """The same for a parameter of a URL's query.

    >>> query_kind("key"), query_kind("X-Amz-Signature"), query_kind("alt")
    ('secret', 'secret', None)
    """
    plain = _plain(name)
    return SECRET if plain in _QUERY else field_kind(name)


@lru_cache(maxsize=4096)
def field_kind(name: str) -> str | None:
    """The same for a field of JSON, a form or a multipart body.

    >>> field_kind("openaiApiKey"), field_kind("max_tokens"), field_kind("token")
    ('secret', None, 'suspect')
    """
    plain = _plain(name)
    if plain in {"cookie", "setcookie", "cookies"}:
        return COOKIE
    if plain == "requestid":
        return REQUEST_ID
    if _FIELD_ENDS.search(plain):
        return SECRET
    return SUSPECT if plain.endswith(("token", "credential", "credentials")) else None


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


def named(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether *name* is one of *patterns*, where `*` stands for anything."""
    low = name.lower()
    return any(fnmatchcase(low, pattern.lower()) for pattern in patterns)


def harmless(value: str) -> bool:
    """Whether *value* can be no secret: nothing, a small number, true or false."""
    return _NUMBER.fullmatch(value.strip()) is not None


def looks_opaque(value: str) -> bool:
    """Whether *value* is one long word with letters and digits."""
    return _OPAQUE.fullmatch(value) is not None
