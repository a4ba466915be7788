"""The commands that serve: scripts and cassettes, and a provider that is recorded."""

import gc
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from harness.cassettes.folders import cassette_path, find_cassette
from harness.cassettes.settings import Mode
from harness.cassettes.tape import Tape
from harness.cli.options import given_port, given_quota, given_speed
from harness.cli.pointers import POINTERS
from harness.cli.screen import tell
from harness.endpoint import Chaos, Endpoint, Quota
from harness.errors import InputError, nearest
from harness.fake_provider import FakeProvider
from harness.scripts import Script
from harness.server import (
    MATCH_ON,
    SESSION_HEADER,
    Application,
    Provider,
    ScriptFile,
    ServedCassette,
    ServedScript,
    Server,
)
from harness.server.speeds import clock_at

__all__ = ["proxy", "proxy_arguments", "serve", "serve_arguments"]


def _place_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="where it listens")
    parser.add_argument(
        "--port", type=given_port, default=8765, help="its port; 0: any that is free"
    )


def serve_arguments(parser: ArgumentParser) -> None:
    """What `serve` takes."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a script in fakes/, or its path"
    )
    parser.add_argument(
        "--cassette",
        action="append",
        default=[],
        dest="cassettes",
        metavar="NAME",
        help="a recording in cassettes/, or its path; may be given several times",
    )
    _place_arguments(parser)
    _provider_arguments(parser)
    parser.add_argument(
        "--session-header",
        default=SESSION_HEADER,
        metavar="NAME",
        help="each value of this header plays from the beginning: "
        f"{SESSION_HEADER}, or that of the key (authorization, x-api-key)",
    )
    parser.add_argument(
        "--no-reload",
        action="store_false",
        dest="reload",
        help="do not read scripts again when their files change",
    )
    parser.add_argument(
        "--speed",
        type=given_speed,
        help="1: waits take their time; 10: a tenth of it; 0: none "
        "(scripts wait, and cassettes do not, unless this is given)",
    )


def _provider_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--key",
        action="append",
        dest="keys",
        help="a key that is let in; without any, every one is",
    )
    parser.add_argument(
        "--no-validate",
        action="store_false",
        dest="validate",
        help="take requests that a provider would refuse",
    )
    parser.add_argument(
        "--chaos",
        type=_chaos,
        metavar="NAME=RATE,...",
        help="faults by chance, such as seed=7,rate_limit=0.1,reset=0.05",
    )
    for what in ("requests", "tokens"):
        parser.add_argument(
            f"--{what}-per-minute", type=given_quota, help=f"the quota of {what}"
        )


def serve(  # noqa: PLR0913 - the options of the command
    names: Sequence[str],
    *,
    cassettes: Sequence[str],
    host: str,
    port: int,
    session_header: str,
    reload: bool,
    speed: float | None,
    **provider: Any,
) -> int:
    """Serve scripts and cassettes until a signal ends it; 1 if something had no answer.

    Raises HarnessError for what cannot be served.
    """
    clock = clock_at(1.0 if speed is None else speed)
    options = _provider_options(**provider)
    served: dict[str, Any] = {}

    def made(script: Script) -> Endpoint:
        return FakeProvider(script, clock=clock, **options).endpoint

    for name in names:
        file = ScriptFile(name, made=made, tell=tell)
        changed = file.changed if reload else None
        script = ServedScript(
            file.endpoint, session_header=session_header, changed=changed
        )
        _add(served, file.path.name.partition(".")[0], script)
    for name in cassettes:
        path = find_cassette(name)

        def tape(path: Path = path) -> Tape:
            return Tape(path, "none", match_on=MATCH_ON)

        played = ServedCassette(tape, session_header=session_header, speed=speed or 0.0)
        _add(served, path.name.partition(".")[0], played)
    return _run(Application(served, clock=clock), host, port)


def _provider_options(
    *,
    keys: Sequence[str] | None,
    validate: bool,
    chaos: Chaos | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
) -> dict[str, Any]:
    """The options of a FakeProvider that the command says. Raises InputError."""
    limits = {
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
    }
    limited = any(limit is not None for limit in limits.values())
    return {
        "keys": keys,
        "validate": validate,
        "chaos": chaos,
        "quota": Quota(**limits) if limited else None,
    }


def _chaos(text: str) -> Chaos:
    """Read ``seed=7,reset=0.1``."""
    known = {one.name: float for one in fields(Chaos)} | {"seed": int}
    said: dict[str, Any] = {}
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        if name not in known:
            raise InputError(f"{item!r}: {nearest(name, known)}")
        try:
            said[name] = known[name](value)
        except ValueError:
            raise InputError(
                f"{name}={value!r}: give a "
                f"{'whole number' if name == 'seed' else 'rate from 0 to 1'}."
            ) from None
    return Chaos(**said)


def proxy_arguments(parser: ArgumentParser) -> None:
    """What `proxy` takes."""
    parser.add_argument(
        "--upstream",
        type=Provider,
        required=True,
        metavar="URL",
        help="the provider that is asked, such as https://api.openai.com",
    )
    parser.add_argument(
        "--cassette",
        required=True,
        metavar="NAME",
        help="where it is recorded: a name in cassettes/, or a path",
    )
    parser.add_argument(
        "--mode",
        default="once",
        choices=get_args(Mode),
        help="what is recorded: as with use_cassette (default: once)",
    )
    _place_arguments(parser)
    parser.add_argument(
        "--speed",
        type=given_speed,
        default=0.0,
        help="how fast what is known is replayed; 0: at once, 1: as it was",
    )


def proxy(
    *, upstream: Provider, cassette: str, mode: str, host: str, port: int, speed: float
) -> int:
    """Record what a provider answers until a signal ends it; 1 if something went wrong.

    Raises HarnessError for what cannot be used.
    """
    path = cassette_path(cassette)
    clock = clock_at(1.0)
    played = ServedCassette(lambda: Tape(path, mode), upstream=upstream, speed=speed)
    status = _run(Application({path.stem: played}, clock=clock), host, port)
    for note in played.notes:
        tell(note)
    return status


def _add(served: dict[str, Any], name: str, one: object) -> None:
    if name in served:
        raise InputError(f"Two would be served as {name!r}: rename one.")
    served[name] = one


def _run(application: Application, host: str, port: int) -> int:
    """Serve until SIGINT or SIGTERM; tell what had no answer."""
    # What is kept of each request is kept for good: there is little to collect.
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    server = Server(application, host=host, port=port).start()
    ended = threading.Event()

    def end(number: int, frame: object) -> None:
        del number, frame
        ended.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, end) for one in numbers]
    try:
        _show(server)
        ended.wait()
    finally:
        for one, old in zip(numbers, before, strict=True):
            signal.signal(one, old)
        server.stop()
    failures = application.failures()
    for failure in failures:
        tell(str(failure))
    return 1 if failures else 0


def _show(server: Server) -> None:
    names = [*server.application.served]
    print(f"{server.url} serves {', '.join(names)}; its state: {server.url}/harness/")
    for name in names:
        url = server.url if len(names) == 1 else f"{server.url}/{name}"
        for variable, form in POINTERS.items():
            print(f"  export {variable}={form.format(url=url)}")
    print("Ctrl-C ends it.", flush=True)
