"""Recorded chats: whether they can be read, are whole, and have lawful streams."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from urllib.parse import urlsplit

from harness.cassettes import CassetteSource, Interaction, Recording
from harness.cassettes.interactions import decoded_body
from harness.checks.places import line_of, told
from harness.checks.rules import Finding
from harness.errors import CassetteError
from harness.steps import Fault
from harness.wire import dialect_of
from harness.wire.grammar import Problem

__all__ = ["QUIRKS", "check_chats"]

#: Where a break is no quirk: who answers there made the format.
_OWN_HOSTS = frozenset({"api.openai.com", "api.anthropic.com"})

#: What providers are known to do, in the format of another or their own, by the rule
#: of the format that it breaks. All of it was seen in recorded traffic.
QUIRKS: Mapping[tuple[str, str], str] = {
    ("anthropic-messages", "done"): "gateways end with [DONE]",
    ("openai-chat", "arguments"): "Groq and Aleph Alpha say null for no arguments",
    ("openai-chat", "call"): "Mistral, Gemini and Ollama number calls otherwise",
    ("openai-chat", "choice"): "Azure and Copilot begin with an event that has none",
    ("openai-chat", "content"): "Mistral sends blocks of thinking in the content",
    ("openai-chat", "created"): "Azure, xAI, Groq, Ollama, Perplexity and Databricks "
    "change the time",
    (
        "openai-chat",
        "done",
    ): "Hugging Face, Perplexity, Writer and Azure leave [DONE] out",
    (
        "openai-chat",
        "finish",
    ): "OpenRouter, Cloudflare, xAI and others leave it out, or say more after it",
    ("openai-chat", "id"): "Azure, Copilot, Gemini and Groq leave ids out",
    ("openai-chat", "model"): "Azure begins with an event that names none",
    ("openai-chat", "object"): "Azure, Copilot and Perplexity call it otherwise",
    ("openai-chat", "role"): "OpenRouter, Ollama, Cloudflare and others repeat it, or "
    "leave it out",
    (
        "openai-chat",
        "usage",
    ): "most who imitate the format say it beside the last choice",
    (
        "openai-responses",
        "completed",
    ): "ChatGPT's own backend ends with an empty answer",
    ("openai-responses", "done"): "Bedrock numbers parts otherwise",
    ("openai-responses", "event"): "Bedrock does not name its events",
    ("openai-responses", "index"): "Bedrock numbers parts otherwise",
}
#: Rules that say of any format that the bytes are no stream.
_FRAMING = frozenset({"framing", "json"})


def check_chats(interactions: Iterable[Interaction], name: str) -> Iterator[Finding]:
    """What is wrong with the chats among *interactions*, of the file *name*."""
    source = CassetteSource(interactions)
    for one, why in source.skipped:
        if dialect_of(one.url) is not None:
            yield Finding(name, line_of(one.place), "unreadable", told(why, name))
    for recording in source.recordings:
        yield from _chat(recording, name)


def _chat(recording: Recording, name: str) -> Iterator[Finding]:
    one, line = recording.interaction, line_of(recording.interaction.place)
    try:
        faults = [s for s in recording.steps() if isinstance(s, Fault)]
        body = decoded_body(one)
    except CassetteError as error:
        yield Finding(name, line, "unreadable", told(str(error), name))
        return
    whole = one.status < 400 and one.ended == "complete"
    if recording.dialect is None or not whole:
        return
    if any(fault.kind == "interrupted" for fault in faults):
        text = f"the answer of interaction {recording.number} breaks off"
        yield Finding(name, line, "broken", f"{text}: it is not whole.")
    elif recording.request.stream:
        about = f"the stream of interaction {recording.number} breaks"
        problems = recording.dialect.check_stream(body)
        for rule, texts in _graded(problems, recording).items():
            text = f"{about} {recording.dialect.name}: {'; '.join(texts)}."
            yield Finding(name, line, rule, text)


def _graded(problems: Iterable[Problem], recording: Recording) -> dict[str, list[str]]:
    """What each of our rules says of *problems*, a text for each rule of the format."""
    assert recording.dialect is not None  # noqa: S101 - it has found the problems
    dialect, host = recording.dialect.name, urlsplit(recording.interaction.url).hostname
    found: dict[str, list[str]] = {}
    for broken, same in groupby(sorted(problems, key=_rule), key=_rule):
        first, *more = same
        text = f"{first} (and {len(more)} more)" if more else str(first)
        quirk = None if host in _OWN_HOSTS else QUIRKS.get((dialect, broken))
        if broken in _FRAMING:
            found.setdefault("broken", []).append(text)
        elif quirk:
            found.setdefault("quirk", []).append(f"{text}: {quirk}")
        else:
            found.setdefault("grammar", []).append(text)
    return found


def _rule(problem: Problem) -> str:
    return problem.rule
