"""Models that other processes play: what they unpickle has to be in a module."""

import os
import threading

from harness.chunks import AIMessageChunk
from harness.errors import ServerError
from harness.models import ChatModel, VirtualClock, current_run
from harness.steps import Fault, Pause


class Odd(Exception):
    """Can be written as a pickle, and not be read."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class Locked(Exception):
    """Cannot be written as a pickle."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class Worked(ChatModel):
    """Says what it is asked, and does what that says."""

    blocking = True

    def __init__(self, clock=None, **state):
        self.clock = clock or VirtualClock()
        self.state = state

    def play(self, request):
        text = request.messages[-1].text
        if text == "crash":
            raise KeyError(text)
        if text == "run":
            run = current_run()
            return [AIMessageChunk(f"{run.name} {run.tags} {run.config.configurable}")]
        what, _, number = text.partition(" ")
        return ACTS.get(what, said)(text, number)


def said(text, _):
    yield AIMessageChunk(text[:2])
    yield AIMessageChunk(text[2:])


def pid(*_):
    yield AIMessageChunk(str(os.getpid()))


def die(*_):
    os._exit(3)
    yield


def pause(text, seconds):
    yield Pause(float(seconds))
    yield AIMessageChunk(text)


def odd(*_):
    raise Odd(1, 2)
    yield


def locked(*_):
    raise Locked("locked")
    yield


def fail(*_):
    yield AIMessageChunk("half")
    yield Fault("broke", status=500, retry_after=2.5)


def raise_(*_):
    raise ServerError("raised", status=503, retry_after=1.0)
    yield


def nothing(*_):
    yield from ()


ACTS = {
    "pid": pid,
    "die": die,
    "pause": pause,
    "odd": odd,
    "locked": locked,
    "fail": fail,
    "raise": raise_,
    "nothing": nothing,
}
