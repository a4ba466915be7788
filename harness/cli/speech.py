"""An answer on the screen while it comes, chunk by chunk."""

from typing import Any

from rich.console import Console
from rich.text import Text

from harness.chunks import AIMessageChunk
from harness.cli.rows import LABEL
from harness.cli.spoken import part_of
from harness.messages import AIMessage
from harness.text import visible

__all__ = ["Speech"]


class Speech:
    """One answer, shown on *console* as it is heard."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sum: AIMessageChunk | None = None
        self._row: tuple[object, ...] | None = None

    @property
    def text(self) -> str:
        """The text so far."""
        return "" if self._sum is None else self._sum.text

    def message(self) -> AIMessage:
        """All that was heard."""
        return AIMessage("") if self._sum is None else self._sum.to_message()

    def hear(self, chunk: AIMessageChunk) -> None:
        """Show what *chunk* adds."""
        self._sum = chunk if self._sum is None else self._sum + chunk
        for block in chunk.content_blocks:
            self._show(block)

    def _show(self, block: dict[str, Any]) -> None:
        key = block["type"], block.get("index")
        match block:
            case {"type": "text", "text": str(text)}:
                self._piece(("text",), "model", text, "green")
            case {"type": "reasoning", "reasoning": str(text)}:
                self._piece(key, "thinks", text, "dim italic")
            case {"type": "tool_call_chunk"}:
                if name := block.get("name"):
                    self.end()
                    self._piece(key, "calls", f"{name} ", "magenta")
                self._piece(key, "calls", block.get("args") or "", "magenta")
            case _:
                label, text, style = part_of(block)
                self._piece((object(),), label, text, style)

    def _piece(
        self, row: tuple[object, ...], label: str, text: str, style: str
    ) -> None:
        """*text* in the row that is open, or in the next if it is another one."""
        if not text:
            return
        if row != self._row:
            self.end()
            self._row = row
            self._print(f"{label:>{LABEL}}  ", f"bold {style}")
        self.say(text, style)

    def say(self, text: str, style: str) -> None:
        """*text* behind what was said."""
        indented = visible(text).replace("\n", f"\n{'':{LABEL + 2}}")
        self._print(indented, style)
        self._row = self._row or (object(),)

    def end(self) -> None:
        """End the row, if one is open."""
        if self._row is not None:
            self._print("\n", "")
        self._row = None

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(text, style), end="", soft_wrap=True)
