"""The form of a script in a file: what may be written, and the turns it means."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from harness.scripts import cutting
from harness.scripts.parts import CutLike, Turn
from harness.scripts.turns import auto, call, fail, pause, say, think
from harness.scripts.when import When

__all__ = ["ScriptFile", "cut_of"]


def _taken_by(take: Callable[[Any], object]) -> AfterValidator:
    """Have *take* look at the value of a field, so that its error names the field."""

    def look(value: Any) -> Any:
        take(value)
        return value

    return AfterValidator(look)


Times = Annotated[
    Annotated[int, Field(ge=1)] | Literal["forever"],
    Field(description="How often the turn may be played."),
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


Size = Annotated[int, Field(ge=1)]


class CutForm(_Form):
    """A cut by numbers: one of these."""

    characters: list[Size] | None = Field(
        None, min_length=1, description="Sizes in characters, used in turn."
    )
    graphemes: Size | None = Field(
        None, description="So many at a time of what a reader takes for a character."
    )
    at: list[Size] | None = Field(
        None, description="Before the characters of these numbers, from 0."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.made()
        return self

    def made(self) -> cutting.Cut:
        """The cut that this means."""
        match self.characters, self.graphemes, self.at:
            case list(sizes), None, None:
                return cutting.characters(*sizes)
            case None, int(size), None:
                return cutting.graphemes(size)
            case None, None, list(offsets):
                return cutting.at(*offsets)
            case _:
                raise ValueError(
                    "a cut by numbers is one of {characters: [3, 5]}, {graphemes: 2}, "
                    "{at: [3, 7]}."
                )


Cut = Annotated[
    Literal["words", "characters", "graphemes", "whole"] | Size | list[str] | CutForm,
    Field(
        description="How text is cut: by a rule, a size, into these pieces, or by "
        "numbers."
    ),
]


class Condition(_Form):
    """What a request must have for a turn to apply; all of it."""

    text: str | None = Field(None, description="Part of the last user message.")
    pattern: Annotated[str, _taken_by(lambda text: When(pattern=text))] | None = Field(
        None, description="Found in the last user message."
    )
    tools: list[str] = Field(default=[], description="Tools that must be bound.")
    result_of: str | None = Field(None, description="The last message is its result.")
    params: dict[str, Any] = Field(default={}, description="Parameters of the request.")


class CallForm(_Form):
    """A call of a tool."""

    call: str = Field(description="The name of the tool.")
    args: Annotated[dict[str, Any], _taken_by(lambda args: call("f", args))] = Field(
        default={}, description="Its arguments."
    )
    raw: str | None = Field(None, description="Text in place of the arguments.")
    id: str | None = Field(None, description="The id of the call.")

    def made(self) -> object:
        """The part that this means."""
        return call(self.call, self.args, _id=self.id, raw=self.raw)


class ThinkForm(_Form):
    """Reasoning."""

    think: str = Field(description="The text of the reasoning.")
    signature: str | None = Field(None, description="What the provider signs it with.")

    def made(self) -> object:
        """The part that this means."""
        return think(self.think, self.signature)


class PauseForm(_Form):
    """Nothing comes for a while."""

    pause: Annotated[float, Field(ge=0)] = Field(description="Seconds.")

    def made(self) -> object:
        """The part that this means."""
        return pause(self.pause)


What = Annotated[int | str, _taken_by(fail)]
Status = Annotated[int, _taken_by(fail)]
Seconds = Annotated[float, _taken_by(lambda seconds: fail(429, retry_after=seconds))]


class FailForm(_Form):
    """The provider fails."""

    fail: What = Field(description="A status, a kind, or the text of the error.")
    status: Status | None = Field(
        None, description="The status, where a kind is given too."
    )
    message: str = Field("", description="The text of the error.")
    retry_after: Seconds | None = Field(None, description="Seconds.")
    headers: dict[str, str] = Field(default={}, description="Of the reply.")
    after: Annotated[int, Field(ge=0)] | None = Field(
        None, description="How many chunks come before it."
    )

    def made(self) -> object:
        """The part that this means."""
        return fail(
            self.fail,
            status=self.status,
            message=self.message,
            retry_after=self.retry_after,
            headers=self.headers,
            after=self.after,
        )


class BlockForm(_Form):
    """A content block: an image, a refusal, a result of a server's tool..."""

    block: Annotated[dict[str, Any], _taken_by(say)] = Field(
        description="The block, with its 'type'."
    )

    def made(self) -> object:
        """The part that this means."""
        return self.block


def _kind(value: object) -> str | None:
    """The tag of the form that *value* is written in: its telling key."""
    if isinstance(value, str):
        return "<text>"
    found = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((f"<{key}>" for key in _KEYS if key in found), None)


_KEYS = ("say", "call", "think", "fail", "auto", "pause", "block")
PartForm = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[CallForm, Tag("<call>")]
    | Annotated[ThinkForm, Tag("<think>")]
    | Annotated[PauseForm, Tag("<pause>")]
    | Annotated[FailForm, Tag("<fail>")]
    | Annotated[BlockForm, Tag("<block>")],
    Discriminator(_kind),
]


class _Options(_Form):
    """What every turn may say."""

    when: str | Condition | None = Field(
        None, description="When the turn applies; a text is part of the user message."
    )
    times: Times = 1


class _SayOptions(_Options):
    misbehaving: bool = Field(
        default=False, description="The turn contradicts the request on purpose."
    )
    usage: Annotated[
        dict[str, Any] | Literal["auto"] | None,
        _taken_by(lambda usage: say("", usage=usage)),
    ] = Field("auto", description="Tokens used; null for none.")
    finish: str | None = Field(
        "auto", description="The finish reason; null for an answer that is cut off."
    )
    cut: Cut | None = None
    arguments_cut: Cut | None = None
    model: str | None = Field(None, description="The name of the model that answers.")
    metadata: Annotated[
        dict[str, Any] | None, _taken_by(lambda said: say("", metadata=said))
    ] = Field(None, description="Of the response.")

    def _said(self, parts: list[object], id: str | None = None) -> Turn:
        return say(
            *parts,
            usage=self.usage,
            finish=self.finish,
            cut=cut_of(self.cut),
            arguments_cut=cut_of(self.arguments_cut),
            when=_condition(self.when),
            times=self.times,
            misbehaving=self.misbehaving,
            model=self.model,
            metadata=self.metadata,
            id=id,
        )


class SayTurn(_SayOptions):
    """An answer: a text, or ordered parts."""

    say: str | list[PartForm] = Field(description="What is said, in order.")
    id: str | None = Field(None, description="The id of the message.")

    def turn(self) -> Turn:
        """The turn that this means."""
        parts = [self.say] if isinstance(self.say, str) else self.say
        return self._said([_made(part) for part in parts], self.id)


class CallTurn(CallForm, _SayOptions):
    """An answer that is one call."""

    def turn(self) -> Turn:
        """The turn that this means."""
        return self._said([self.made()])


class ThinkTurn(ThinkForm, _SayOptions):
    """An answer that is reasoning alone."""

    def turn(self) -> Turn:
        """The turn that this means."""
        return self._said([self.made()])


class FailTurn(FailForm, _Options):
    """A failure in place of an answer."""

    def turn(self) -> Turn:
        """The turn that this means."""
        return say(self.made(), when=_condition(self.when), times=self.times)


class AutoTurn(_Options):
    """An answer made up from what is asked."""

    auto: Literal[True] | str = Field(description="true, or the text to say.")

    def turn(self) -> Turn:
        """The turn that this means."""
        text = "Okay." if self.auto is True else self.auto
        return auto(text, when=_condition(self.when), times=self.times)


TurnForm = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[SayTurn, Tag("<say>")]
    | Annotated[CallTurn, Tag("<call>")]
    | Annotated[ThinkTurn, Tag("<think>")]
    | Annotated[FailTurn, Tag("<fail>")]
    | Annotated[AutoTurn, Tag("<auto>")],
    Discriminator(_kind),
]


class ScriptFile(_Form):
    """A script: the turns of a fake chat model."""

    turns: list[TurnForm] = Field(description="The turns, in order.")
    seed: int = Field(0, description="Where ids and made-up answers come from.")
    cut: Cut = "words"
    arguments_cut: Cut | None = None
    check: bool = Field(
        default=True, description="Whether turns are checked against what is asked."
    )


def cut_of(cut: Any) -> CutLike | None:
    """The cut that is meant by one in a file."""
    made: CutLike | None = cut.made() if isinstance(cut, CutForm) else cut
    return made


def _made(part: Any) -> object:
    return part if isinstance(part, str) else part.made()


def _condition(when: str | Condition | None) -> object:
    return when.model_dump(exclude_unset=True) if isinstance(when, Condition) else when
