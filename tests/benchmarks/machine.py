"""Where a benchmark runs, and how much memory a process has had.

It needs nothing but Python, so that other interpreters can import it too.
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPUS = Path("/proc/cpuinfo")
STATUS = Path("/proc/self/status")


def described(*packages: str) -> dict[str, str]:
    """Give what the machine is, and the versions of *packages* that are installed.

    >>> [*described("pytest", "no-such-package")]
    ['', 'cores:', 'system:', 'CPython', 'pytest']
    """
    return {
        "": model(),
        "cores:": str(os.cpu_count()),
        "system:": f"{platform.system()} {platform.machine()}",
        platform.python_implementation(): platform.python_version(),
        **{name: found for name in packages if (found := installed(name))},
    }


def model() -> str:
    """Give the model of the processor, as far as the system tells it."""
    if CPUS.exists():
        for line in CPUS.read_text("utf-8").splitlines():
            name, _, said = line.partition(":")
            if name.strip() == "model name":
                return said.strip()
    return platform.processor() or platform.machine()


def installed(package: str) -> str | None:
    """Give the version of a package, or none if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def named(package: str) -> str:
    """Give a package with its version, as tables name a peer.

    >>> named("no-such-package")
    'no-such-package'
    """
    return f"{package} {installed(package) or ''}".strip()


def high_water() -> float | None:
    """Give the most MB that this process has ever had, where Linux tells it."""
    if not STATUS.exists():
        return None
    said = STATUS.read_text("ascii").partition("VmHWM:")[2]
    return int(said.split()[0]) / 1024
