"""CPU time of a fresh interpreter that imports, less that of one that does not."""

import os
import subprocess
import sys
from collections.abc import Iterator

from machine import named
from measuring import Side, rounds
from tables import OURS, Line, Subject

PEERS = ("langchain-core", "pydantic", "pydantic-ai-slim")
NOTHING = "pass"
PYDANTIC = "import pydantic; pydantic.BaseModel, pydantic.TypeAdapter"
LANGCHAIN = "import langchain_core.language_models.chat_models"
TEST_MODEL = "from pydantic_ai.models.test import TestModel"
FACADE = "import harness"
USUAL = "from harness import AIMessage, FakeChatModel, tool"
#: The first schema of a tool loads pydantic.
SCHEMA = f"{USUAL}; tool('add', description='Adds.')(lambda a, b: a + b).args"


def rows(*, quick: bool) -> Iterator[Line]:
    """Our imports, alone, over pydantic's, and beside those of peers."""
    statements = (NOTHING, PYDANTIC, LANGCHAIN, TEST_MODEL, FACADE, USUAL, SCHEMA)
    found = rounds({one: fresh(one) for one in statements}, 3 if quick else 7, warm=1)
    bare = found[NOTHING]

    def less(one: str, base: list[float]) -> list[float]:
        return [cost - other for cost, other in zip(found[one], base, strict=True)]

    peers = {
        named("langchain-core"): less(LANGCHAIN, bare),
        f"{named('pydantic-ai-slim')} TestModel": less(TEST_MODEL, bare),
        named("pydantic"): less(PYDANTIC, bare),
    }
    told = {one: f"`{one}`" for one in (FACADE, USUAL)}
    for statement, what in {**told, SCHEMA: "the same, and a tool's schema"}.items():
        subject = Subject("importing", what, "ms")
        yield from subject.rows({OURS: less(statement, bare), **peers})
    for statement, what in told.items():
        subject = Subject("importing", f"{what}, over pydantic's own", "ms")
        over = less(statement, found[PYDANTIC])
        yield from subject.rows({OURS: over}, aims={OURS: "<= 40 ms"})


def fresh(statement: str) -> Side:
    """What a new interpreter has taken when it has run *statement*."""
    code = f"import time\n{statement}\nprint(time.process_time())"
    # The first run writes bytecode, as any other first import does.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    def run() -> float:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            text=True,
            env=env,
        )
        return float(done.stdout)

    return run
