"""Scripts and cassettes on a socket: for every language, and every process."""

from harness.server.acting import Stage
from harness.server.application import Application
from harness.server.cassettes import MATCH_ON, ServedCassette, Upstream
from harness.server.description import description
from harness.server.forwarding import Provider, Providers
from harness.server.script_files import ScriptFile
from harness.server.scripts import ServedScript
from harness.server.served import Served
from harness.server.sessions import SESSION_HEADER
from harness.server.threads import Server

__all__ = [
    "MATCH_ON",
    "SESSION_HEADER",
    "Application",
    "Provider",
    "Providers",
    "ScriptFile",
    "Served",
    "ServedCassette",
    "ServedScript",
    "Server",
    "Stage",
    "Upstream",
    "description",
]
