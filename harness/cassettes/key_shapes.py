r"""What keys and tokens look like: the shapes that providers give them.

A shape has hints, one of which any such key contains: these are looked for first, as
that is fast. And it has a pattern: its group 1, if there is one, or all of it
is the secret.
Names of models and ids of calls, answers and messages have shapes too, and are no
secrets: none of these patterns matches them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.cassettes.placeholders import in_placeholder

__all__ = ["KEY_SHAPES", "KeyShape", "ShapeIndex", "shape_kind"]

#: Where a key may begin: not inside a word, but after an escape of URLs or JSON.
_START = (
    r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[abefnrtv])"
    r"|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
)
#: A key is no name in plain words: it has a digit and letters of both cases, soon.
_MIXED = r"(?=[\w-]{0,90}?\d)(?=[\w-]{0,90}?[a-z])(?=[\w-]{0,90}?[A-Z])"
#: What a PEM block is written in; its lines may end in escapes.
_PEM = r"[A-Za-z0-9+/=:,%. \t]|\\+(?:[nrt]|\r?\n)|-(?!----)"
_PEM_LINE = r"\r?\n(?!\r?\n)"
_PEM_LINES = r"[\r\n]"
_SPACE = r"(?:[ \t]+|%20|\+)"


#: Few letters of a text are these, and most hints have one of them.
_SEPARATOR = r"[-_=.:/%]"
_TAIL = re.compile(rf"{_SEPARATOR}(?<=(...))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeyShape:
    """A kind of secret, and how it is told in any text.

    One of the *hints*, if there are any, stands in what the pattern matches, no more
    than *lead* letters after its beginning.
    """

    kind: str
    hints: tuple[str, ...] = field(repr=False)
    pattern: re.Pattern[str]
    lead: int = field(default=0, repr=False)

    def found(self, text: str) -> Iterator[tuple[int, int]]:
        """Where in *text* such secrets stand."""
        group = 1 if self.pattern.groups else 0
        for match in self._matches(text) if self.hints else self.pattern.finditer(text):
            start, end = match.span(group)
            if start < end and not in_placeholder(text, start, end):
                yield start, end

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        """What `finditer` finds; only where a hint is the pattern is tried."""
        done = 0
        for at in sorted({at for hint in self.hints for at in _places(text, hint)}):
            for start in range(max(at - self.lead, done), at + 1):
                if found := self.pattern.match(text, start):
                    yield found
                    done = found.end()
                    break


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


class ShapeIndex:
    """Tells fast which of some *shapes* a text may have."""

    def __init__(self, shapes: Iterable[KeyShape]) -> None:
        self._shapes = tuple(shapes)
        self._always = {shape for shape in self._shapes if not shape.hints}
        self._rest: list[tuple[str, KeyShape]] = []
        self._by_tail: dict[str, list[tuple[str, KeyShape]]] = {}
        for shape in self._shapes:
            for hint in shape.hints:
                tails = _TAIL.findall(hint)
                known = self._by_tail.setdefault(tails[-1], []) if tails else self._rest
                known.append((hint, shape))

    def candidates(self, text: str) -> list[KeyShape]:
        """The shapes that *text* has a hint of, in order."""
        tails = self._by_tail.keys() & set(_TAIL.findall(text))
        hinted = [pair for tail in tails for pair in self._by_tail[tail]]
        found = {shape for hint, shape in hinted + self._rest if hint in text}
        if not found and not self._always:
            return []
        return [one for one in self._shapes if one in found or one in self._always]


def _shape(kind: str, hints: str, pattern: str, lead: int = 0) -> KeyShape:
    whole = re.compile(_START + pattern, re.ASCII)
    return KeyShape(kind, tuple(hints.split()), whole, lead)


_PROVIDERS = (
    _shape("anthropic-key", "sk-ant-", r"sk-ant-[\w-]{16,}"),
    _shape("openrouter-key", "sk-or-", r"sk-or-(?:v\d-)?[\w-]{16,}"),
    _shape("langfuse-key", "k-lf-", r"[sp]k-lf-[0-9a-f-]{30,}", lead=1),
    _shape(
        "openai-key",
        "sk-",
        r"sk-(?:(?:proj|svcacct|admin|service|None)-[\w-]{20,}"
        rf"|[0-9a-f]{{32,}}(?![\w-])|{_MIXED}[\w-]{{20,200}}(?![\w-])"
        r"|(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{20,}(?![\w-]))",
    ),
    _shape("openai-key", "ek_ sess-", r"(?:ek_[0-9a-f]{32,}|sess-[A-Za-z0-9]{40,})"),
    _shape(
        "openai-organization",
        "org-",
        r"org-(?=[A-Za-z0-9]*(?:\d|[a-z][A-Z]))[A-Za-z0-9]{20,}(?![\w-])",
    ),
    _shape("openai-project", "proj_", r"proj_[A-Za-z0-9]{16,}(?![\w-])"),
    _shape("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{20,}"),
    _shape("xai-key", "xai-", r"xai-[A-Za-z0-9]{20,}"),
    _shape("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{20,}"),
    _shape("cerebras-key", "csk-", r"csk-[a-z0-9]{20,}"),
    _shape("nvidia-key", "nvapi-", r"nvapi-[\w-]{20,}"),
    _shape("fireworks-key", "fw_", r"fw_[A-Za-z0-9]{20,}"),
    _shape("together-key", "tgp_v1_", r"tgp_v1_[\w-]{20,}"),
    _shape("replicate-key", "r8_", r"r8_[A-Za-z0-9]{30,}"),
    _shape("voyage-key", "pa-", rf"pa-{_MIXED}[\w-]{{40,}}"),
    _shape("jina-key", "jina_", r"jina_[0-9a-f]{32}[\w-]*"),
    _shape("elevenlabs-key", "sk_", r"sk_[0-9a-f]{40,}"),
    _shape("huggingface-key", "hf_ api_org_", r"(?:hf_|api_org_)[A-Za-z0-9]{30,}"),
    _shape("databricks-key", "dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),
    _shape("langsmith-key", "lsv2_ ls__", r"(?:lsv2_[a-z]{2}_|ls__)[0-9a-f]{32}\w*"),
    _shape("tavily-key", "tvly-", r"tvly-[\w-]{20,}"),
    _shape("pinecone-key", "pcsk_", r"pcsk_\w{30,}"),
    _shape("e2b-key", "e2b_", r"e2b_[0-9a-f]{32,}"),
)

_CLOUDS = (
    _shape("google-key", "AIza", r"AIza[\w-]{35}"),
    _shape("google-token", "ya29.", r"ya29\.[\w.-]{20,}"),
    _shape("google-token", "1//0", r"1//0[\w-]{20,}"),
    _shape("google-secret", "GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    _shape(
        "aws-key-id",
        "AKIA ASIA ABIA ACCA",
        r"A(?:KIA|SIA|BIA|CCA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    _shape(
        "aws-token",
        "IQoJb3JpZ2lu oGZXIvYXdz",
        r"(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)[\w+/%-]{40,}={0,2}",
        lead=2,
    ),
    _shape(
        "aws-key", "ABSK bedrock-api-key-", r"(?:ABSK|bedrock-api-key-)[\w+/]{40,}=*"
    ),
    _shape(
        "aws-signature", "ignature=", r"Signature=([0-9a-f]{64})(?![0-9a-f])", lead=1
    ),
    _shape(
        "azure-signature",
        "sig= sig%3",
        r"sig(?:=|%3[dD])((?:[\w+/=-]|%[0-9A-Fa-f]{2}){20,})",
    ),
    _shape("azure-key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{40,}={0,2})"),
    _shape("azure-key", "SharedAccessKey=", r"SharedAccessKey=([\w+/]{20,}={0,2})"),
    _shape("upload-id", "upload_id=", r"upload_id=([\w-]{20,})"),
    _shape(
        "cookie",
        "__cf_bm _cfuvid cf_clearance",
        r"(?:__cf_bm|_cfuvid|cf_clearance)=([\w.%/+=-]{10,})",
    ),
)

_OTHERS = (
    _shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{30,}"),
    _shape("github-token", "github_pat_", r"github_pat_\w{22,}"),
    _shape("gitlab-token", "glpat-", r"glpat-[\w.-]{20,}"),
    _shape("slack-token", "xox", r"xox[abceoprs]-[\w-]{10,}"),
    _shape("slack-token", "xapp-", r"xapp-\d-[\w-]{20,}"),
    _shape(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/([\w/]{20,})",
    ),
    _shape(
        "stripe-key",
        "_live_ _test_ whsec_",
        r"(?:[srp]k_(?:live|test)_|whsec_)[A-Za-z0-9]{16,}",
        lead=2,
    ),
    _shape("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _shape("pypi-token", "pypi-", r"pypi-AgE[\w-]{40,}"),
    _shape("sendgrid-key", "SG.", r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    _shape("digitalocean-token", "_v1_", r"do[opr]_v1_[0-9a-f]{40,}", lead=3),
    _shape("telegram-token", ":AA", r"\d{8,10}:AA[\w-]{33}(?![\w-])", lead=10),
    _shape("jwt", "eyJ", r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    _shape(
        "private-key",
        "-----BEGIN",
        r"-----BEGIN[\s+]+(?:[A-Z0-9]+[\s+]+){0,3}PRIVATE[\s+]+KEY(?:[\s+]+BLOCK)?"
        r"-----"
        rf"(?:(?:{_PEM}|{_PEM_LINES})*?-----END[\s+]+[A-Z0-9\s+]{{3,40}}-----"
        rf"|(?=(?:{_PEM}|{_PEM_LINE}){{0,200}}?[A-Za-z0-9+/]{{30}})"
        rf"(?:{_PEM}|{_PEM_LINE})*)",
    ),
    _shape(
        "secret",
        "earer EARER",
        rf"(?:[Bb]earer|BEARER){_SPACE}((?=[^\s\"']{{0,200}}?\d)[\w.~+/=-]{{12,}})",
        lead=1,
    ),
    _shape(
        "secret",
        "uthorization UTHORIZATION",
        rf"(?:[Aa]uthorization|AUTHORIZATION)[\"']?:{_SPACE}"
        rf"(?:[Bb]asic{_SPACE})((?=[^\s\"']{{0,200}}?\d)[\w.~+/=-]{{12,}})",
        lead=1,
    ),
)

#: All shapes; the narrower ones come first.
KEY_SHAPES = _PROVIDERS + _CLOUDS + _OTHERS


def shape_kind(secret: str, shapes: tuple[KeyShape, ...] = KEY_SHAPES) -> str:
    """The kind of key that *secret* is by its shape alone, else "secret".

    >>> shape_kind("xai-" + "1b" * 20), shape_kind("hunter2")
    ('xai-key', 'secret')
    """
    for shape in shapes:
        if shape.pattern.groups == 0 and shape.pattern.fullmatch(secret):
            return shape.kind
    return "secret"
