"""What must hold of chunks, chat models and dialects: laws to run on anybody's code.

>>> from harness.chunks import AIMessageChunk
>>> from harness.laws import Subject, check
>>> check(Subject.of(AIMessageChunk), "identity", [{"content": "a"}])
"""

from harness.laws.classes import ChatModelLaws, ChunkLaws, DialectLaws
from harness.laws.dialects import DialectSubject
from harness.laws.law import Law, LawBroken, NotCovered, Unequal, holds, same
from harness.laws.models import TOOLS
from harness.laws.parameters import params
from harness.laws.reporting import Report, Row, report
from harness.laws.running import CHUNK_LAWS, DIALECT_LAWS, MODEL_LAWS, check, run
from harness.laws.scope import all_cuts, all_interleavings
from harness.laws.subjects import ModelSubject, Subject

__all__ = [
    "CHUNK_LAWS",
    "DIALECT_LAWS",
    "MODEL_LAWS",
    "TOOLS",
    "ChatModelLaws",
    "ChunkLaws",
    "DialectLaws",
    "DialectSubject",
    "Law",
    "LawBroken",
    "ModelSubject",
    "NotCovered",
    "Report",
    "Row",
    "Subject",
    "Unequal",
    "all_cuts",
    "all_interleavings",
    "check",
    "holds",
    "params",
    "report",
    "run",
    "same",
]
