"""`harness show --raw`: the exchanges as they went over the wire."""

import json
from collections.abc import Iterator

from rich.text import Text

from harness.cassettes.interactions import (
    Headers,
    Interaction,
    decoded_body,
    decoded_request,
)
from harness.cli.rows import Rows
from harness.errors import CassetteError, InputError, WireError
from harness.text import visible
from harness.transcripts import Exchange, Transcript
from harness.wire.frames import FrameDecoder

__all__ = ["show_raw"]


def show_raw(transcript: Transcript, rows: Rows) -> None:
    """Show requests and responses: headers, JSON laid out, events one a line.

    Raises InputError for a script, which never went over a wire.
    """
    if transcript.kind == "script":
        raise InputError(
            f"{transcript.path} is a script, and never went over a wire: leave out "
            "--raw, or serve it (harness serve)."
        )
    for one in transcript.exchanges:
        if one.interaction is not None:
            _exchange(one, one.interaction, f"{transcript.path}:{one.line}", rows)


def _exchange(one: Exchange, found: Interaction, where: str, rows: Rows) -> None:
    if one.number > 1:
        rows.line()
    rows.line(f"#{one.number} {where if one.line else one.place}", "bold blue")
    rows.line(f"> {found.method} {found.url}", "bold")
    _headers(found.request_headers, ">", rows)
    try:
        _body(decoded_request(found), rows)
    except CassetteError as error:
        rows.line(str(error), "bold red")
    status = f"{found.status} {found.reason} {found.http_version}"
    rows.line(f"< {' '.join(status.split())}", "bold")
    _headers(found.response_headers, "<", rows)
    try:
        if one.streamed and found.status < 400:
            for text in _events(found):
                rows.line(text)
        else:
            _body(decoded_body(found), rows)
    except (CassetteError, WireError) as error:
        rows.line(str(error), "bold red")
    if found.ended != "complete" or found.failure:
        rows.line(f"{found.ended}: {found.failure}".rstrip(": "), "bold red")


def _headers(headers: Headers, sign: str, rows: Rows) -> None:
    for name, value in headers:
        rows.line(f"{sign} {name}: {value}", "dim")


def _body(body: bytes, rows: Rows) -> None:
    if not body:
        return
    try:
        rows.line(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        try:
            rows.line(body.decode())
        except UnicodeDecodeError:
            rows.line(f"({len(body):,} bytes that are no text)", "dim")


def _events(found: Interaction) -> Iterator[Text]:
    """The events of a stream, each with the time at which it was complete."""
    body, times = decoded_body(found), found.chunk_times or ()
    chunks = found.response_chunks or (body,)
    if body != found.response_body:
        chunks, times = (body,), times[-1:]
    frames, at = FrameDecoder(), ""
    for number in range(len(chunks) + 1):
        if number < len(chunks):
            at = f"{times[number]:,} ms" if number < len(times) else ""
            events = frames.feed(chunks[number])
        else:
            events = frames.close()
        for event in events:
            name = f"{event.event}: " if event.event not in ("", "message") else ""
            said = " ".join(event.data.splitlines())
            line = Text(f"{at:>10}  " if times else "", "dim")
            line.append(visible(name), "cyan")
            yield line.append(visible(said))
