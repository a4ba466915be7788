"""Which parts of the benchmarks are tested: those that need no peer.

The scripts run from this folder (`make bench`), so modules here import each other by
their bare names.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
PURE = {
    *("growing.py", "machine.py", "measuring.py", "pages.py", "studies.py"),
    "tables.py",
}

collect_ignore = [
    one.name
    for one in HERE.glob("*.py")
    if one.name not in PURE and not one.name.startswith("test_")
]
sys.path.insert(0, str(HERE))
