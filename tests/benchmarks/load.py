"""Asks a server on this machine as fast as it answers: by wrk, or by sockets."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from traffic import PATH

CONNECTIONS = 8
TOOL = "wrk" if shutil.which("wrk") else "sockets"


def core(number: int) -> list[str]:
    """Give what puts a command on one core, where cores can be chosen."""
    cores = os.cpu_count() or 1
    if shutil.which("taskset") and cores > 1:
        return ["taskset", "-c", str(number % cores)]
    return []


def load(port: int, asked: bytes, folder: Path, seconds: int) -> float:
    """Ask for some seconds; give the number of answers in each."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return load_by_sockets(port, asked, seconds)
    script = folder / "ask.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
        f"wrk.body = [[{asked.decode()}]]\n"
    )
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    url = f"http://127.0.0.1:{port}{PATH}"
    ran = subprocess.run(
        [*core(-1), wrk, *options, url], capture_output=True, text=True, check=True
    )
    found = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
    if found is None or "Non-2xx" in ran.stdout or "Socket errors" in ran.stdout:
        raise RuntimeError(ran.stdout)
    return float(found[1])


def load_by_sockets(port: int, asked: bytes, seconds: int) -> float:
    """The same, by a client that knows no more of HTTP than where an answer ends."""
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(asked)}\r\n\r\n"
    counts = [0] * CONNECTIONS
    until = time.monotonic() + seconds

    def run(place: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as own:
            while time.monotonic() < until:
                own.sendall(head.encode() + asked)
                read_answer(own)
                counts[place] += 1

    threads = [threading.Thread(target=run, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def read_answer(own: socket.socket) -> None:
    """Read one answer whole."""
    data = own.recv(1 << 20)
    found = re.search(rb"content-length: (\d+)", data, re.IGNORECASE)
    start = data.index(b"\r\n\r\n") + 4
    while (
        len(data) < start + int(found[1]) if found else not data.endswith(b"0\r\n\r\n")
    ):
        data += own.recv(1 << 20)
