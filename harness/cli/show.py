"""`harness show`: a cassette or a script as the conversations that it holds."""

from argparse import ArgumentParser
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from harness.cli.finding import found_file
from harness.cli.raw import show_raw
from harness.cli.rows import Rows
from harness.cli.screen import counted, output, print_json
from harness.cli.spoken import json_text, parts_of
from harness.errors import InputError
from harness.messages import AIMessage, Message, ToolMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.transcripts import (
    Exchange,
    Transcript,
    conversations,
    read_transcript,
    transcript_value,
)
from harness.wire import DIALECTS

__all__ = ["show", "show_arguments"]

_BARS = " ▁▂▃▄▅▆▇█"
_COLUMNS, _FEWEST = 32, 8


def show_arguments(parser: ArgumentParser) -> None:
    """What `show` takes."""
    parser.add_argument(
        "name", metavar="NAME", help="a cassette, a script, or the path of a file"
    )
    parser.add_argument(
        "numbers",
        nargs="*",
        default=[],
        type=int,
        metavar="NUMBER",
        help="only these exchanges, each with all that was said before",
    )
    parser.add_argument(
        "--raw", action="store_true", help="what went over the wire, with its times"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.add_argument(
        "--full",
        action="store_true",
        help="long texts uncut (they always are where the output is no terminal)",
    )
    parser.add_argument(
        "--dialect", choices=[*DIALECTS], help="where URLs do not tell the wire format"
    )


def show(
    name: str,
    numbers: Sequence[int],
    *,
    raw: bool,
    json: bool,
    full: bool,
    dialect: str | None,
) -> int:
    """Show the file; 1 if something in it cannot be read."""
    spoken = DIALECTS[dialect] if dialect else None
    transcript = read_transcript(found_file(name), dialect=spoken)
    _checked(numbers, transcript)
    chosen = transcript
    if numbers:
        some = tuple(e for e in transcript.exchanges if e.number in numbers)
        chosen = replace(transcript, exchanges=some)
    if json:
        print_json(transcript_value(chosen, raw=raw))
    elif raw:
        show_raw(chosen, Rows(output(), full=full))
    else:
        _Shown(transcript, Rows(output(), full=full)).show(numbers)
    return int(any(one.dialect and one.problem for one in chosen.exchanges))


def _checked(numbers: Sequence[int], transcript: Transcript) -> None:
    known = len(transcript.exchanges)
    for number in numbers:
        if not 1 <= number <= known:
            there = f"1 to {known}" if known > 1 else "1 alone" if known else "none"
            raise InputError(
                f"{transcript.path} has no exchange {number}. There are: {there}."
            )


class _Shown:
    """A transcript on its way to the screen."""

    def __init__(self, transcript: Transcript, rows: Rows) -> None:
        self.transcript = transcript
        self.rows = rows

    def show(self, numbers: Collection[int]) -> None:
        """Show it, or the exchanges of these *numbers*."""
        chats = [*self.transcript.chats]
        grouped = conversations(chats)
        if numbers:
            for one in self.transcript.exchanges:
                if one.number in numbers:
                    self._exchange(one, one.request.messages if one.request else ())
            return
        kind, all_of_them = self.transcript.kind, len(self.transcript.exchanges)
        what = "turn" if kind == "script" else "interaction"
        self.rows.line(
            f"{self.transcript.path}: a {kind} of {counted(all_of_them, what)}", "bold"
        )
        for number, conversation in enumerate(grouped, 1):
            if kind == "cassette":
                self._title(number, conversation.exchanges)
            before: Exchange | None = None
            pairs = zip(conversation.exchanges, conversation.fresh, strict=True)
            for exchange, fresh in pairs:
                self._exchange(exchange, fresh, before)
                before = exchange
        others = [one for one in self.transcript.exchanges if not one.dialect]
        if others and chats:
            self.rows.line()
            self.rows.line("Other traffic", "bold underline")
        for one in others:
            self._exchange(one, ())

    def _title(self, number: int, exchanges: Sequence[Exchange]) -> None:
        first = exchanges[0]
        about = [first.dialect, first.model, first.host and f"at {first.host}"]
        size = "" if len(exchanges) == 1 else f", {len(exchanges)} exchanges"
        self.rows.line()
        self.rows.line(
            f"Conversation {number}{size}: {' '.join(filter(None, about))}",
            "bold underline",
        )

    def _exchange(
        self,
        one: Exchange,
        messages: Sequence[Message],
        before: Exchange | None = None,
    ) -> None:
        rows, found = self.rows, one.interaction
        where = f"{self.transcript.path}:{one.line}" if one.line else one.place
        about = [where, one.about, "streamed" if one.streamed else ""]
        if found is not None:
            about.append(found.recorded_at)
        rows.line()
        rows.line(f"#{one.number} {'  '.join(filter(None, about))}", "bold blue")
        if found is not None and not one.dialect:
            rows.row("sent", f"{found.method} {found.url}")
            rows.row("got", f"{found.status} {found.reason}, {_size(found)}".strip())
        if one.request is not None:
            self._asked(one.request, before.request if before else None)
        for message in messages:
            self._message(message)
        if one.answer is not None:
            self._message(one.answer)
        self._end(one)

    def _asked(self, request: ChatRequest, before: ChatRequest | None) -> None:
        """What a request asks beside its messages, where that is new."""
        rows = self.rows
        if before is None or request.tools != before.tools:
            tools = [
                f"{tool.name}({', '.join(tool.parameters.get('properties', {}))})"
                for tool in request.tools
            ]
            rows.rows("tools", tools, "dim")
        if request.tool_choice is not None:
            choice = request.tool_choice
            rows.row("choice", choice.name or choice.mode, "dim")
        if form := request.response_format:
            schema = "" if form.schema is None else f" {json_text(form.schema)}"
            rows.row("form", f"{form.kind}{schema}", "dim")
        if said := _params(request):
            rows.row("params", ", ".join(said), "dim")

    def _message(self, message: Message) -> None:
        match message:
            case ToolMessage(status="error"):
                label, style = "tool", "red"
            case ToolMessage():
                label, style = "tool", "yellow"
            case AIMessage():
                label, style = "model", "green"
            case _:
                label = {"human": "user"}.get(message.type, message.type)
                style = "dim" if label == "system" else ""
        blocks = parts_of(message)
        for number, (kind, text, look) in enumerate(blocks):
            said = kind or (label if number == 0 or blocks[number - 1][0] else "")
            self.rows.row(said, text, look or style)
        if not blocks:
            self.rows.row(label, "(nothing)", "dim")

    def _end(self, one: Exchange) -> None:
        rows = self.rows
        finish = one.answer.finish_reason if one.answer else None
        about = [f"finished: {finish}"] if finish not in (None, "stop") else []
        if one.usage and one.dialect != "script":
            about.append(_usage(one.usage))
        if about:
            rows.row("", "; ".join(about), "dim")
        if told := [*_timed(one)]:
            rows.row("", "; ".join(told), "dim")
        if rows.console.encoding.startswith("utf") and (line := _sparkline(one)):
            rows.row("", line, "cyan")
        found = one.interaction
        if found is not None and found.ended != "complete":
            rows.row("ended", f"{found.ended} {found.failure}".strip(), "red")
        if one.fault is not None:
            rows.row("fault", _fault(one.fault), "bold red")
        if one.problem:
            style = "bold red" if one.dialect else "dim"
            rows.row("problem" if one.dialect else "", one.problem, style)


# ---------------------------------------------------------------- other lines


def _params(request: ChatRequest) -> list[str]:
    said: dict[str, Any] = dict(request.params)
    if request.parallel_tool_calls is not None:
        said["parallel_tool_calls"] = request.parallel_tool_calls
    if request.stop:
        said["stop"] = list(request.stop)
    return [f"{name}={json_text(value)}" for name, value in said.items()]


def _usage(usage: dict[str, Any]) -> str:
    parts = []
    for side, told in (("input", "in"), ("output", "out")):
        if (tokens := usage.get(f"{side}_tokens")) is not None:
            details = usage.get(f"{side}_token_details") or {}
            inside = [f"{n:,} {name}" for name, n in details.items() if n]
            more = f" ({', '.join(inside)})" if inside else ""
            parts.append(f"{tokens:,} {told}{more}")
    return f"{usage.get('total_tokens', 0):,} tokens: {', '.join(parts)}"


def _timed(one: Exchange) -> Iterator[str]:
    timing = one.timing
    if timing is None or not timing.last:
        return
    if timing.first < timing.last:
        yield f"first after {timing.first:,.0f} ms"
    yield f"all after {timing.last:,.0f} ms"
    if timing.gap > (timing.last - timing.first) / 2:
        yield f"a gap of {timing.gap:,.0f} ms"
    rate = timing.rate(one.usage.get("output_tokens", 0))
    if rate and one.dialect != "script":
        yield f"{rate:,.0f} tokens/s"


def _sparkline(one: Exchange) -> str:
    """How much came when, from the request to the end."""
    came = [(piece.at, len(piece.text)) for piece in one.pieces if piece.at is not None]
    last = came[-1][0] if came else 0
    if len(came) < _FEWEST or not last:
        return ""
    sums = [0] * _COLUMNS
    for at, size in came:
        sums[min(_COLUMNS - 1, int(at / last * _COLUMNS))] += size
    most = max(sums) or 1
    return f"[{''.join(_BARS[-(-8 * one // most)] for one in sums)}]"


def _fault(fault: Fault) -> str:
    status = f" ({fault.status})" if fault.status else ""
    wait = f"; wait {fault.retry_after:g} s" if fault.retry_after is not None else ""
    return f"{fault.kind}{status}: {fault.message}{wait}"


def _size(found: Any) -> str:
    return f"{len(found.response_body):,} bytes"
