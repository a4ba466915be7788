"""The command `harness`."""

from harness.cli.commands import main

__all__ = ["main"]
