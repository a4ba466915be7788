"""Scripts and cassettes on a socket: for every language, and every process."""

from harness.server.application import Application
from harness.server.cassettes import MATCH_ON, ServedCassette
from harness.server.description import description
from harness.server.forwarding import Provider, Providers
from harness.server.script_files import ScriptFile
from harness.server.scripts import ServedScript
from harness.server.sessions import SESSION_HEADER
from harness.server.threads import Server

__all__ = [
    "MATCH_ON",
    "SESSION_HEADER",
    "Application",
    "Provider",
    "Providers",
    "ScriptFile",
    "ServedCassette",
    "ServedScript",
    "Server",
    "description",
]
