"""Several processes that serve: what each of them knows, and who asks which."""

import os
import re
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

PATIENCE = 60

SERVING = """
import sys
from harness import FakeProvider
with FakeProvider(*(f"turn {n}" for n in range(6))).serve() as server:
    print(server.url, flush=True)
    sys.stdin.readline()
"""

SERVED = """
import os
from harness import FakeProvider
from harness.server import Application, ServedScript

def said(request):
    return f"{request.messages[-1].text} of {os.getpid()}"

def fresh():
    return FakeProvider(*[said] * 100).endpoint

app = Application({"chat": ServedScript(fresh)})
"""


@contextmanager
def program(*words: str, told: str, where: str = "stdout", **options) -> Iterator[str]:
    """Run a program until the block ends; give what it says that matches *told*."""
    with subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        lines = iter(getattr(process, where).readline, "")
        try:
            yield next(m[1] for m in (re.search(told, line) for line in lines) if m)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def ask(client: httpx.Client, url: str, text: str = "Hi", session: str = "") -> str:
    """Ask, and give what is said."""
    asked = {"model": "m", "messages": [{"role": "user", "content": text}]}
    headers = {"x-harness-session": session} if session else {}
    answer = client.post(f"{url}/v1/chat/completions", json=asked, headers=headers)
    said: str = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    return said


def test_sessions_that_stick_play_in_order_on_several_servers():
    """Each session asks the server that its name leads to, from whatever thread."""
    heard: dict[str, list[str]] = {}
    with ExitStack() as stack:
        urls = [
            stack.enter_context(program("-c", SERVING, told="(http://.*)"))
            for _ in range(2)
        ]
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=PATIENCE))

        def run(name: str) -> None:
            url = urls[zlib.crc32(name.encode()) % len(urls)]
            heard[name] = [ask(client, url, session=name) for _ in range(6)]

        names = [f"gw{n}" for n in range(6)]
        threads = [threading.Thread(target=run, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [client.get(f"{url}/harness/").json() for url in urls]

    assert heard == {name: [f"turn {n}" for n in range(6)] for name in names}
    sessions = [{*one["script"]["sessions"]} - {""} for one in told]
    assert sessions[0] | sessions[1] == {*names}
    assert not sessions[0] & sessions[1]
    assert all(sessions)


@pytest.mark.skipif(os.name == "nt", reason="it hands a socket on")
def test_workers_of_uvicorn_answer_each_for_itself(tmp_path):
    """One connection stays with one worker, and so does its session."""
    (tmp_path / "served.py").write_text(SERVED)
    with socket.create_server(("127.0.0.1", 0)) as own:
        number, port = own.fileno(), own.getsockname()[1]
        words = ("-m", "uvicorn", "served:app", "--workers", "2", "--fd", f"{number}")
        options = {"where": "stderr", "cwd": tmp_path, "pass_fds": (number,)}
        with (
            program(*words, told="(startup complete)", **options),
            httpx.Client(trust_env=False, timeout=PATIENCE) as client,
        ):
            url = f"http://127.0.0.1:{port}"
            answers = [ask(client, url, f"{n}", "mine") for n in range(4)]
            state = client.get(f"{url}/harness/").json()["chat"]["sessions"]["mine"]

    assert [answer.split()[0] for answer in answers] == ["0", "1", "2", "3"]
    assert len({answer.split()[-1] for answer in answers}) == 1
    assert state["requests"] == 4
