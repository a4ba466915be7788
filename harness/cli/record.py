"""The command `record`: any program, and a cassette around it."""

import os
import re
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from harness.cassettes.folders import cassette_path
from harness.cassettes.naming import cut, portable
from harness.cassettes.settings import Mode
from harness.cassettes.tape import Tape
from harness.cli.pointers import pointers_of
from harness.cli.programs import CannotRun, run_program
from harness.cli.screen import tell
from harness.cli.sessions import Session
from harness.recording.launched import closed
from harness.server import Application, Providers, ServedCassette, Server

__all__ = ["record", "record_arguments"]

_LONGEST_NAME = 150
_MODES = ("none", "once", "new_episodes", "rewrite")
#: Programs that run another, which their first argument names.
_RUNNERS = re.compile(
    r"(?:python|pypy)[\d.]*|node|bun|deno|ruby|perl|php|bash|sh|uv|npx|poetry|env|run"
)
_ENDINGS = re.compile(r"\.(?:py|[cm]?[jt]s|rb|pl|php|sh|exe)$")


def record_arguments(parser: ArgumentParser) -> None:
    """What `record` takes; the command stands behind ``--``."""
    parser.usage = "harness record [options] -- COMMAND [ARGUMENT ...]"
    parser.add_argument(
        "--cassette",
        metavar="NAME",
        help="a name in cassettes/, or a path (default: called after the command)",
    )
    parser.add_argument(
        "--mode",
        choices=_MODES,
        default="once",
        help="none: replay; once: record if there is no cassette yet, else replay "
        "(default); new_episodes: record what it does not have; rewrite: all anew",
    )
    parser.add_argument(
        "--proxy",
        action="store_true",
        help="for programs that are not Python: their SDKs are pointed at a server "
        "on this machine, which asks the providers",
    )
    parser.add_argument(
        "--upstream",
        action="append",
        default=[],
        dest="upstreams",
        metavar="VARIABLE=URL",
        help="with --proxy: a provider, and the variable in which its URL is looked "
        "for; may be given several times",
    )
    parser.add_argument("words", nargs="*", help=SUPPRESS)
    parser.set_defaults(behind=())


def record(
    *,
    words: Sequence[str],
    behind: Sequence[str],
    cassette: str | None,
    mode: Mode,
    proxy: bool,
    upstreams: Sequence[str],
) -> int:
    """Run the command *behind* with a cassette around it; give its exit status.

    Raises HarnessError for a cassette that cannot be used; nothing is run then.
    """
    if words or not behind:
        asked = " ".join(words) or "python app.py"
        tell(f"the command stands behind two dashes: harness record -- {asked}")
        return 2
    if upstreams and not proxy:
        tell("--upstream says where --proxy asks: give both.")
        return 2
    path = cassette_path(cassette or _called_after(behind)).absolute()
    session = Session(path, mode)
    around = _proxied(session, upstreams) if proxy else _launched(session)
    try:
        with around as environ:
            status = run_program(behind, environ)
    except CannotRun as error:
        tell(str(error))
        return error.status
    session.end(status)
    for line in session.told():
        tell(line)
    return status


def _called_after(command: Sequence[str]) -> str:
    """A name for the cassette of *command*: its program, or what that one runs."""
    name = Path(command[0]).name
    if _RUNNERS.fullmatch(name) and not {"-c", "-e"} & {*command}:
        modules = [module for dash, module in pairwise(command) if dash == "-m"]
        words = [word for word in command[1:] if not re.match(r"-|\w+=", word)]
        scripts = [word for word in words if _ENDINGS.search(word)]
        others = [word for word in words if not _RUNNERS.fullmatch(word)]
        name = Path(next(iter([*modules, *scripts, *others]), name)).name
    plain = re.sub(r"[^\w.-]+", "-", _ENDINGS.sub("", name)).strip("-.")
    return portable(cut(plain, _LONGEST_NAME).strip("-.") or "program")


@contextmanager
def _launched(session: Session) -> Generator[Mapping[str, str]]:
    """The environment of a program whose processes record by themselves."""
    with session.launch() as launch:
        yield launch.environment(os.environ)


@contextmanager
def _proxied(
    session: Session, upstreams: Sequence[str]
) -> Generator[Mapping[str, str]]:
    """The environment of a program whose providers are a server that records."""
    pointers = pointers_of(os.environ, upstreams)
    tape = Tape(session.file, session.mode)
    providers = Providers({one.name: one.root for one in pointers})
    served = ServedCassette(lambda: tape, upstream=providers)
    server = Server(Application({"cassette": served})).start()
    try:
        direct = {
            name: ",".join(filter(None, [os.environ.get(name), server.host]))
            for name in ("NO_PROXY", "no_proxy")
        }
        led = {one.variable: one.led_to(server.url) for one in pointers}
        yield {**os.environ, **direct, **led}
    finally:
        server.stop()
    missed = tuple(map(str, served.failures()))
    session.reports.append(replace(closed(tape), misses=missed))
