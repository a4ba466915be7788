"""Mutants of a module. In: its file. Out: its text, a function changed in one place.

What is changed, and into what, is mutmut's table of operators. A mutant is put into the
running process by giving functions that live another code object.
"""

import ast
import gc
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

# What these are given is for the type checker, or makes a plain TypeError of it.
UNTOUCHED = {"assert_never", "isinstance", "len"}
# It says that lengths are the same, or need not be: either way they are what they are.
STRICT = re.compile(r",\s*(strict=(True|False|None))?\s*(?=\))")
HEADED = (
    cst.FunctionDef
    | cst.If
    | cst.For
    | cst.While
    | cst.With
    | cst.Try
    | cst.ExceptHandler
    | cst.MatchCase
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """*function* of the file at *path*, with *now* in the place of *was*."""

    path: str
    function: str
    lines: tuple[int, int]
    was: str
    now: str
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells a mutant from others, wherever in the file it stands."""
        return (self.path, self.function, self.was, self.now)


class _Places(cst.CSTVisitor):
    """Finds what can be changed inside of functions, and the lines of its statement."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self.tops = {id(one): n for n, one in enumerate(module.body)}
        self.names: list[str] = []
        self.lines: list[tuple[int, int]] = []
        self.inside = 0
        self.top = -1
        self.function: cst.CSTNode | None = None
        self.found: list[tuple[Any, ...]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator) or _untouched(node):
            return False
        self.top = self.tops.get(id(node), self.top)
        if isinstance(node, cst.ClassDef | cst.FunctionDef) and not self.inside:
            self.names.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            self.function = self.function if self.inside else node
            self.inside += 1
        if isinstance(node, HEADED | cst.SimpleStatementLine | cst.Match):
            self.lines.append(self._own_lines(node))
        if self.inside:
            name = ".".join(self.names)
            self.found += [
                (name, self.lines[-1], (self.top, self.function), node, other)
                for kind, operator in mutation_operators
                if isinstance(node, kind)
                for other in operator(node)
                if not _opens_a_union(node, other)
            ]
        return not (
            isinstance(node, cst.Param)
            and node.default
            and not isinstance(node.default, cst.Name | cst.BaseNumber | cst.BaseString)
        )

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.Annotation | cst.Decorator):
            return
        if isinstance(original_node, HEADED | cst.SimpleStatementLine | cst.Match):
            self.lines.pop()
        if isinstance(original_node, cst.FunctionDef):
            self.inside -= 1
        if (
            isinstance(original_node, cst.ClassDef | cst.FunctionDef)
            and not self.inside
        ):
            self.names.pop()

    def _own_lines(self, node: cst.CSTNode) -> tuple[int, int]:
        """Give first and last line of a statement, of a compound one its head."""
        span = self.get_metadata(PositionProvider, node)
        if isinstance(node, cst.Match):
            return (span.start.line, span.start.line)
        if isinstance(node, HEADED) and not isinstance(node, cst.FunctionDef):
            body = self.get_metadata(PositionProvider, node.body)
            return (span.start.line, max(span.start.line, body.start.line))
        return (span.start.line, span.end.line)


def _untouched(node: cst.CSTNode) -> bool:
    """Tell whether a node is a call that is never changed."""
    called = node.func if isinstance(node, cst.Call) else None
    return isinstance(called, cst.Name) and called.value in UNTOUCHED


def _opens_a_union(node: cst.CSTNode, other: cst.CSTNode) -> bool:
    """Tell whether a change only takes a case away that can never be reached."""
    if not (isinstance(node, cst.Match) and isinstance(other, cst.Match)):
        return False
    gone = [one for one in node.cases if one not in other.cases]
    return all("assert_never" in cst.Module([]).code_for_node(one) for one in gone)


def mutants(root: Path, path: str, drawn: Callable[[str], bool]) -> list[Mutant]:
    """Give the mutants of a file below *root* that compile and differ from it.

    Only what is *drawn* is made; it is asked with the place of each, by a name that
    changes in other functions leave alone.
    """
    text = (root / path).read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(text))
    places = _Places(wrapper.module)
    wrapper.visit(places)
    module = wrapper.module
    tops = [module.code_for_node(top) for top in module.body]
    start = text.index("".join(tops))
    before, after = text[:start], text[start + len("".join(tops)) :]
    found: dict[tuple[str, str, str, str], Mutant] = {}
    olds: dict[cst.CSTNode, str] = {}
    counts = Counter[str]()
    for name, lines, (n, function), node, other in places.found:
        counts[name] += 1
        if not drawn(f"{path}:{name}:{counts[name]}"):
            continue
        if function not in olds:
            alone = _alone(module.body[n], function, function)
            olds[function] = module.code_for_node(alone)
        old = olds[function]
        changed = function.deep_replace(node, other)
        new = module.code_for_node(_alone(module.body[n], function, changed))
        was, now = _difference(old.splitlines(), new.splitlines())
        told = STRICT.sub("", was) != STRICT.sub("", now)
        if not told or (path, name, was, now) in found or not _compiles(new):
            continue
        top = _spliced(tops[n], old, new)
        source = "".join((before, *tops[:n], top, *tops[n + 1 :], after))
        found[path, name, was, now] = Mutant(path, name, lines, was, now, source)
    return [*found.values()]


def _alone(top: cst.CSTNode, old: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    """Give a function as it is, and a method as the only one of its class."""
    if top is old:
        return new
    if isinstance(top, cst.ClassDef) and any(one is old for one in top.body.body):
        return top.with_changes(body=top.body.with_changes(body=[new]))
    return top.deep_replace(old, new)


def _spliced(whole: str, old: str, new: str) -> str:
    """Give the text of a class with a method changed that was taken out of it."""
    if whole == old:
        return new
    start = _same(whole, old)
    if new[:start] != old[:start]:  # nothing stands before it in its class
        start = old.rindex("def ", 0, start)
    if whole.count(old[start:]) != 1:
        msg = f"not to be told from others: {old[start:]}"
        raise ValueError(msg)
    return whole.replace(old[start:], new[start:])


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """Count what two texts, or lists of lines, begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    differing = (n for n, (left, right) in pairs if left != right)
    return next(differing, min(len(one), len(other)))


def _difference(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Give the lines that differ, before and after, without their indentation."""
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    sides = (old[start : len(old) - end], new[start : len(new) - end])
    was, now = ("\n".join(line.strip() for line in side) for side in sides)
    return was, now


def _compiles(text: str) -> bool:
    """Tell whether a text is Python."""
    try:
        compile(text, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def functions_of(paths: Sequence[str]) -> dict[str, list[FunctionType]]:
    """Give the functions of each file that live in this process."""
    found: dict[str, list[FunctionType]] = {path: [] for path in paths}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in found:
            found[one.__code__.co_filename].append(one)
    return found


def put_in(mutant: Mutant, living: Sequence[FunctionType]) -> bool:
    """Make *living*, the functions of the file, those of the mutant; tell if any is."""
    file = living[0].__code__.co_filename if living else mutant.path
    codes = [*_codes(compile(mutant.source, file, "exec"))]
    outer = {(one.co_qualname, one.co_firstlineno): one for one in codes}
    count = Counter(one.co_qualname for one in codes)
    inner = {one.co_qualname: one for one in codes if count[one.co_qualname] == 1}
    done = False
    for function in living:
        code = function.__code__
        if code.co_qualname == mutant.function:
            function.__code__ = outer[code.co_qualname, code.co_firstlineno]
            done = True
            _put_defaults(mutant, function)
        elif code.co_qualname.startswith(mutant.function + ".<locals>."):
            function.__code__ = inner.get(code.co_qualname, code)
    return done


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Give all code objects inside of one."""
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _put_defaults(mutant: Mutant, function: FunctionType) -> None:
    """Give a function the default values that its mutant has."""
    if "def " not in mutant.now and "=" not in mutant.now:
        return
    first = function.__code__.co_firstlineno
    for node in ast.walk(ast.parse(mutant.source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if first not in (node.lineno, *(one.lineno for one in node.decorator_list)):
            continue
        simple = (ast.Constant, ast.Name)
        names = [one.arg for one in node.args.kwonlyargs]
        for name, default in zip(names, node.args.kw_defaults, strict=True):
            if function.__kwdefaults__ and isinstance(default, simple):
                value = eval(ast.unparse(default), function.__globals__)  # noqa: S307 - our own text
                function.__kwdefaults__[name] = value
        if function.__defaults__:
            function.__defaults__ = tuple(
                eval(ast.unparse(new), function.__globals__)  # noqa: S307 - as above
                if isinstance(new, simple)
                else old
                for old, new in zip(
                    function.__defaults__, node.args.defaults, strict=True
                )
            )
