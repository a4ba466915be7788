"""Blocks of a page that are replaced by what the code says of itself: never stale.

`public` documents the names that a module makes public, `command-line` the command
`harness`; `fixtures`, `marker` and `settings` document the pytest plugin.
"""

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.pycode import ModuleAnalyzer, PycodeError

import harness
from harness import pytest_plugin
from harness.cli.commands import COMMANDS, made_parser
from harness.pytest_plugin.settings import MARKER

BLOCK = re.compile(
    r"^```\{(public|command-line|fixtures|marker|settings)\}(.*)\n((?:.*\n)*?)```$",
    re.MULTILINE,
)


# -------------------------------------------------------------------------- Python


def public(module: str, names: str) -> Iterator[str]:
    """Document the public *names* of *module*; all, if none is given."""
    home = importlib.import_module(module)
    yield "```{eval-rst}"
    for name in names.split() or home.__all__:
        if name not in home.__all__:
            raise ExtensionError(f"{module} has no public {name}")
        yield from documented(module, name, getattr(home, name))
    yield "```"


def documented(module: str, name: str, value: object) -> Iterator[str]:
    """Give the directive of autodoc that documents *name* of *module*."""
    options: list[str] = []
    match value:
        case type() if issubclass(value, BaseException):
            kind, options = "exception", [":members:"]
        case type():
            kind, options = "class", [":members:", inherited(value)]
            if hasattr(value, "__required_keys__"):  # a TypedDict
                options += [":undoc-members:"]
        case _ if inspect.isroutine(value):
            kind = "function"
        case _:
            yield f".. py:data:: {name}"
            kind, options = "", [f":module: {module}", "", *comment(name, value)]
    if kind:
        yield f".. auto{kind}:: {module}.{name}"
    yield from (f"   {option}" for option in options)
    yield ""


def inherited(value: type) -> str:
    """Give the option that also shows what comes from a class that no page has."""
    shown = [
        base.__name__
        for base in value.__mro__[1:]
        if not base.__module__.startswith("harness.")
        or base.__name__ in harness.__all__
    ]
    return f":inherited-members: {', '.join(shown)}"


def comment(name: str, value: object) -> list[str]:
    """Give what stands above a constant, in the module of ours that it is from."""
    for module in [*sys.modules]:
        if not module.startswith("harness."):
            continue
        if vars(sys.modules[module]).get(name) is not value:
            continue
        try:
            docs = ModuleAnalyzer.for_module(module).find_attr_docs()
        except PycodeError:
            continue
        if found := docs.get(("", name)):
            return found
    raise ExtensionError(f"no comment that begins with #: stands above {name}")


# -------------------------------------------------------------------- command line


def command_line(*_said: str) -> Iterator[str]:
    """Give a section for each command, from the parser that reads them."""
    for parser in commands(made_parser([*COMMANDS])):
        parser.formatter_class = _Narrow
        usage = parser.format_usage().removeprefix("usage: ").replace("\n       ", "\n")
        yield f"## `{parser.prog}`\n\n{escaped(parser.description or '')}\n"
        yield f"```text\n{usage}```\n"
        for action in parser._actions:
            if not isinstance(
                action, argparse._SubParsersAction | argparse._HelpAction
            ):
                yield from argument(action)


class _Narrow(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Give the parsers below *parser*, in their order."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield inner
                yield from commands(inner)


def argument(action: argparse.Action) -> Iterator[str]:
    """Give an entry for an argument, or an option."""
    if action.help == argparse.SUPPRESS:
        return
    value = "|".join(map(str, action.choices or ())) or action.metavar
    value = value or action.dest.upper()
    shown = f" {value}" if action.nargs != 0 else ""
    names = [f"{name}{shown}" for name in action.option_strings] or [str(value)]
    words = {**vars(action), "prog": "harness"}
    yield from entry(", ".join(names), escaped((action.help or "(required)") % words))


def entry(name: str, text: str) -> Iterator[str]:
    """Give an entry of a list of definitions."""
    yield f"`{name}`\n: {text}\n"


def escaped(text: str) -> str:
    """Give *text* so that Markdown shows it as it is, but for what is `code`."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_<\[])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


# -------------------------------------------------------------------------- pytest


def fixtures(*_said: str) -> Iterator[str]:
    """Give an entry for each fixture of the plugin."""
    for name, value in vars(pytest_plugin).items():
        if type(value) is type(pytest_plugin.fake_chat) and not name.startswith("_"):
            text = inspect.cleandoc(value.__doc__ or "").replace("``", "`")
            yield from entry(name, text.replace("\n", "\n  "))


def marker(*_said: str) -> Iterator[str]:
    """Give what `pytest --markers` says of ours."""
    name, _, text = MARKER.partition("): ")
    yield from entry(f"@pytest.mark.{name})", escaped(text))


def settings(*_said: str) -> Iterator[str]:
    """Give an entry for each option and ini key of the plugin."""
    found: dict[str, str] = {}

    class Listening:
        def getgroup(self, *_about: object) -> "Listening":
            return self

        def addoption(self, name: str, **said: Any) -> None:
            value = said.get("metavar") or "|".join(said.get("choices", ()))
            found[f"{name} {value}".strip()] = said["help"]

        def addini(self, name: str, text: str, **_said: object) -> None:
            found[f"ini {name}"] = text

    parser: Any = Listening()
    pytest_plugin.pytest_addoption(parser)
    for name, text in sorted(found.items()):
        yield from entry(name, escaped(text))


# -------------------------------------------------------------------------- Sphinx

BLOCKS: dict[str, Callable[..., Iterator[str]]] = {
    "public": public,
    "command-line": command_line,
    "fixtures": fixtures,
    "marker": marker,
    "settings": settings,
}


def told(text: str) -> str:
    """Give the *text* of a page with all such blocks replaced."""
    return BLOCK.sub(
        lambda block: "\n".join(BLOCKS[block[1]](block[2].strip(), block[3])), text
    )


def _read(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = told(source[0])


def _public_bases(
    _app: Sphinx, _name: str, _value: object, _options: object, bases: list[Any]
) -> None:
    bases[:] = [base for base in bases if base.__name__[0] != "_"] or [object]


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of it."""
    app.connect("autodoc-process-bases", _public_bases)
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
