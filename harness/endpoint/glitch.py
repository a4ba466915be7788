"""One fault of the wire, at a chosen request and a chosen place of its answer."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Literal, get_args

from harness.errors import InputError, nearest, shown
from harness.steps import Fault, FaultKind, Pause

__all__ = ["Glitch", "GlitchKind"]

GlitchKind = Literal[
    "dropped",
    "duplicated",
    "early_end",
    "error",
    "half_frame",
    "hangup",
    "html",
    "invalid_utf8",
    "json",
    "malformed",
    "oversized",
    "pace",
    "refused",
    "reordered",
    "reset",
    "slow",
    "stall",
    "wrong_length",
]

_LARGEST = 256 * 1024 * 1024
_USUAL_SIZE = 1_000_000
#: What each kind takes besides *call*; a status is under "status".
_TAKES: dict[str, str] = {
    **dict.fromkeys(get_args(GlitchKind), "after"),
    "status": "message retry_after headers",
    "error": "after message status",
    "hangup": "",
    "html": "",
    "json": "",
    "oversized": "after size",
    "pace": "tokens_per_second jitter seed",
    "refused": "",
    "slow": "after seconds",
    "wrong_length": "size",
}
_NEEDS = {"slow": "seconds", "pace": "tokens_per_second"}
#: Those that come in place of an answer, and no turn is played.
_SILENT: dict[str, FaultKind] = {"refused": "connection", "hangup": "interrupted"}
#: Those with which an answer is as good as before: the next one may be asked for.
_HARMLESS = frozenset({"oversized", "pace", "slow", *_SILENT})


@dataclass(frozen=True, slots=True, repr=False)
class Glitch:
    """What goes wrong with the answer to one request; a *kind*, or an error's status.

    *call* counts the requests over HTTP from 0; None is each of them. *after* counts
    the frames that come before it (a whole reply is one frame): by default it is the
    first, of a stream the second. A status, "refused" (nobody listens) and "hangup"
    (no word of an answer) come instead of a turn of the script. The others spoil its
    answer:

    * "slow": *seconds* in which nothing comes; "pace": *tokens_per_second* (a token
      is 4 characters), each frame's time up to *jitter* (0 to 1) longer or shorter, by
      the *seed*; "stall": nothing comes any more.
    * "early_end": it just ends; "half_frame": so, in a frame; "reset": the connection
      breaks; "error": the provider says *message* in the stream, as if of *status*.
    * "malformed": JSON without its end; "invalid_utf8"; "duplicated", "dropped",
      "reordered" (with the next one); "oversized": filled up with spaces to *size*
      bytes of JSON.
    * "html": a page, with status 200; "json": a whole reply instead of a stream;
      "wrong_length": a content-length of *size*.

    What comes with a status may have *headers*, and *retry_after* in seconds. Raises
    InputError for an unknown kind, and for what a kind does not take.

    >>> Glitch("malformed", call=1, after=2), Glitch(429, retry_after=2)
    (Glitch('malformed', call=1, after=2), Glitch(429, retry_after=2))
    """

    kind: GlitchKind | int
    _: KW_ONLY
    call: int | None = 0
    after: int | None = None
    message: str = ""
    status: int | None = None
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    seconds: float | None = None
    size: int | None = None
    tokens_per_second: float | None = None
    jitter: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        kind = self.kind
        if not isinstance(kind, int) and kind not in get_args(GlitchKind):
            known = nearest(str(kind), get_args(GlitchKind))
            raise InputError(
                f"No kind of glitch is {shown(kind)}. {known} "
                "A number is the status of an error."
            )
        takes = _TAKES["status" if isinstance(kind, int) else kind].split()
        for name, value in self._said():
            if name not in ("call", *takes):
                known = ", ".join(["call", *takes])
                raise InputError(f"{self}: {kind!r} takes no {name}, but {known}.")
            if (wanted := _wrong(name, value)) is not None:
                raise InputError(f"{self}: {name} is {wanted}.")
        need = _NEEDS.get(str(kind))
        if need is not None and getattr(self, need) is None:
            raise InputError(f"{self}: say {need}=...")
        if isinstance(kind, int) or kind == "error":
            self._fault()  # which checks what it says

    @property
    def refusal(self) -> Fault | None:
        """What comes in place of an answer, or None where one is spoiled."""
        if isinstance(self.kind, int):
            return self._fault()
        silent = _SILENT.get(self.kind)
        return None if silent is None else Fault(kind=silent)

    @property
    def error(self) -> Fault:
        """What an "error" says in the stream."""
        return self._fault()

    @property
    def breaks(self) -> bool:
        """Whether the application has no use for the answer, and has to ask again."""
        return not isinstance(self.kind, int) and self.kind not in _HARMLESS

    @property
    def length(self) -> int:
        """The *size*, or the usual one."""
        return _USUAL_SIZE if self.size is None else self.size

    @property
    def wait(self) -> Pause:
        """The time of a "slow" one."""
        return Pause(self.seconds or 0.0)

    def _fault(self) -> Fault:
        status = self.kind if isinstance(self.kind, int) else self.status or 500
        return Fault(
            self.message,
            status=status,
            retry_after=self.retry_after,
            headers=self.headers,
        )

    def _said(self) -> list[tuple[str, object]]:
        """The options that are not as they are by default."""
        said = [(one, getattr(self, one.name)) for one in fields(self)[1:]]
        return [
            (one.name, value)
            for one, value in said
            if value != ({} if one.name == "headers" else one.default)
        ]

    def __repr__(self) -> str:
        """The glitch as it was written."""
        options = [f"{name}={value!r}" for name, value in self._said()]
        return f"Glitch({', '.join([repr(self.kind), *options])})"


def _wrong(name: str, value: object) -> str | None:
    """What the option *name* is, if *value* is none; Fault checks its own."""
    number = type(value) in (int, float)
    match name:
        case "call" if value is None:
            return None
        case "call" | "after" if type(value) is not int or value < 0:
            return "a whole number from 0 up"
        case "size" if type(value) is not int or not 0 <= value <= _LARGEST:
            return f"a number of bytes from 0 to {_LARGEST}"
        case "seconds" if not number or not 0 <= value < 1e9:  # type: ignore[operator]  # a number
            return "a number of seconds from 0 up"
        case "tokens_per_second" if not number or not 0 < value < 1e9:  # type: ignore[operator]  # a number
            return "a number above 0"
        case "jitter" if not number or not 0 <= value <= 1:  # type: ignore[operator]  # a number
            return "a share from 0 to 1"
        case "seed" if type(value) is not int:
            return "a whole number"
        case _:
            return None
