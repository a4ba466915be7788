"""The public surface, read by rules: each name is told, typed, and in few words.

A rule takes one public thing and gives what is wrong with it. The tables below it say
what a rule lets pass, each with its reason; a line that nothing needs fails as well.
"""

import ast
import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import FunctionType, ModuleType, UnionType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import pytest

from harness.cassettes.lookup import Lookup

MODULES = """
    harness harness.bridges.langchain harness.bridges.pydantic_ai harness.cassettes
    harness.endpoint harness.laws harness.models harness.providers harness.recording
    harness.requests harness.scripts harness.server harness.strategies harness.wire
""".split()


#: What runs when a class is called.
MADE = ("__new__", "__init__", "__post_init__")


@dataclass(frozen=True)
class Public:
    """A function, a class or a method: where it is found, and what it belongs to."""

    path: str
    value: Any
    owners: tuple[type, ...] = ()

    @property
    def docs(self) -> str:
        """What a reader finds: its docstring, its class's, and what these refer to."""
        own = [self.value, *self.owners, *overridden(self)]
        told = own + [other for one in own for other in referred(one, self.owners)]
        texts = [inspect.getdoc(one) or "" for one in told]
        if isinstance(self.value, type):  # what it takes may be told where it is read
            texts += [f"{name}: {doc}" for name, doc in properties(self.value)]
        return "\n\n".join(texts)

    @property
    def functions(self) -> list[Any]:
        """What runs when it is called: of a class, all that makes one."""
        if not isinstance(self.value, type):
            return [inspect.unwrap(self.value)]
        if getattr(self.value, "_is_protocol", False):
            return []
        return [vars(self.value)[name] for name in MADE if name in vars(self.value)]

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """What it takes, but for *self*, and for what a base of others tells."""
        if getattr(self.value, "_is_protocol", False):
            return []
        known = {"self", "cls"}
        for base in foreign(self.value if not self.owners else self.owners[0]):
            known |= taken(vars(base).get(self.value.__name__, None)).keys()
            known |= taken(base).keys() if isinstance(self.value, type) else set()
        found = taken(self.value).values()
        return [p for p in found if p.name not in known and p.name[0] != "_"]


def taken(value: Any) -> dict[str, inspect.Parameter]:
    """Give the parameters of *value*; of an exception like all others, none."""
    try:
        return dict(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return {}


def foreign(value: Any) -> Iterator[type]:
    """Give the classes of other packages that a class is made of."""
    known = {package(value), "builtins", "typing", "abc"}
    for base in getattr(value, "__mro__", ()):
        if package(base) not in known:
            yield base


def properties(value: type) -> Iterator[tuple[str, str]]:
    """Give name and docstring of each property of *value*."""
    for name in dir(value):
        found = inspect.getattr_static(value, name)
        if isinstance(found, property):
            yield name, inspect.getdoc(found) or ""


def overridden(one: Public) -> Iterator[Any]:
    """Give what a method stands for: that of a base, or the twin that blocks."""
    name = one.value.__name__
    for owner in one.owners:
        for other in (name, name.removeprefix("a")):
            if (found := vars(owner).get(other)) is not None:
                yield found


def referred(value: Any, owners: Sequence[type]) -> Iterator[Any]:
    """Give what the docstring of *value* names `like this`, and its parts."""
    known = vars(sys.modules[value.__module__]) if hasattr(value, "__module__") else {}
    for name in re.findall(r"`([\w.]+)`", value.__doc__ or ""):
        first, *rest = name.split(".")
        found = known.get(first) or getattr(owners[0] if owners else None, first, None)
        for part in rest:
            found = getattr(found, part, None)
        if isinstance(found, type) or inspect.isroutine(found):
            yield found


def package(value: Any) -> str:
    """Give the package that *value* is from."""
    return str(value.__module__).split(".")[0]


def ours(value: type) -> tuple[type, ...]:
    """Give the classes that *value* is made of, from the package that it is from."""
    return tuple(c for c in value.__mro__ if package(c) == package(value))


def members(path: str, value: type) -> Iterator[Public]:
    """Give the public methods and properties of a class, the inherited ones too."""
    owners = ours(value)
    for name in sorted({name for owner in owners for name in vars(owner)}):
        raw = next(vars(one)[name] for one in value.__mro__ if name in vars(one))
        if isinstance(raw, property):
            raw = raw.fget
        elif isinstance(raw, classmethod | staticmethod):
            raw = raw.__func__
        if not name.startswith("_") and inspect.isfunction(raw):
            yield Public(f"{path}.{name}", raw, owners)


def surface() -> Iterator[Public]:
    """Give all that is public, each thing once, where it is from."""
    seen: set[int] = set()
    for module in MODULES:
        home = import_module(module)
        values = {name: getattr(home, name) for name in home.__all__}
        for name, value in sorted(values.items(), key=lambda one: depth(one[1])):
            for one in parts(f"{module}.{name}", value):
                if id(one.value) not in seen:
                    seen.add(id(one.value))
                    yield one


def depth(value: object) -> int:
    """Sort a class behind those that it is made of."""
    return len(getattr(value, "__mro__", ()))


def parts(path: str, value: object) -> Iterator[Public]:
    """Give a function, or a class and what it has; of a constant, nothing."""
    if isinstance(value, type) and get_origin(value) is None:
        yield Public(path, value, ours(value)[1:])
        yield from members(path, value)
    elif inspect.isfunction(inspect.unwrap(value)):  # type: ignore[arg-type]
        yield Public(path, value)


SURFACE = [*surface()]


# --------------------------------------------------------------------------- rules


def is_told(one: Public) -> Iterator[str]:
    """It has a docstring of its own."""
    if not (one.value.__doc__ or "").strip():
        yield "no docstring"


def names_what_it_takes(one: Public) -> Iterator[str]:
    """Each parameter stands in the docstring."""
    for parameter in one.parameters:
        if not re.search(rf"\b{parameter.name}\b", one.docs):
            yield f"{parameter.name} is not in the docstring"


def says_units(one: Public) -> Iterator[str]:
    """A quantity says what it is counted in, in its name or in the docstring."""
    for parameter in one.parameters:
        if not re.search(r"\b(int|float)\b", str(parameter.annotation)):
            continue
        for quantity, unit in UNITS.items():
            found = re.fullmatch(quantity, parameter.name)
            if found and not re.search(unit, f"{parameter.name} {one.docs}"):
                yield f"{parameter.name} has no unit: /{unit}/"


def says_what_it_raises(one: Public) -> Iterator[str]:
    """An error that is raised in the body stands in the docstring."""
    for function in one.functions:
        for name in raised(function):
            if not re.search(rf"\b{name}\b", one.docs):
                yield f"raises {name}, which is not in the docstring"


def is_annotated(one: Public) -> Iterator[str]:
    """Each parameter has a type, and what is given back too; `Any` has a reason."""
    for parameter in one.parameters:
        kind = parameter.annotation
        if kind is inspect.Parameter.empty:
            yield f"{parameter.name} has no type"
        rest = parameter.kind is inspect.Parameter.VAR_KEYWORD
        if has_any(kind) and not rest:
            yield f"{parameter.name} is Any"
    if not isinstance(one.value, type):
        for function in one.functions:
            if "return" not in function.__annotations__:
                yield "what it gives has no type"


def takes_options_by_name(one: Public) -> Iterator[str]:
    """A boolean is given by its name, and so is every option after the second."""
    by_place = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    options = 0
    for parameter in one.parameters:
        if parameter.kind not in by_place:
            continue
        options += parameter.default is not inspect.Parameter.empty
        if parameter.annotation is bool or isinstance(parameter.default, bool):
            yield f"{parameter.name} is a boolean by position"
        elif options > 2:
            yield f"{parameter.name} is an option by position, after two others"


def has_frozen_defaults(one: Public) -> Iterator[str]:
    """No default is a value that a call could change for the next."""
    for parameter in one.parameters:
        if isinstance(parameter.default, list | dict | set | bytearray):
            yield f"{parameter.name} has a default that can be changed"


def takes_any_path(one: Public) -> Iterator[str]:
    """Whoever takes a `Path` takes a text and every `os.PathLike` as well."""
    for parameter in one.parameters:
        kind = str(parameter.annotation)
        if "Path" in kind and not ("PathLike" in kind and "str" in kind):
            yield f"{parameter.name} is a Path, and no str or os.PathLike"


def uses_our_words(one: Public) -> Iterator[str]:
    """One thing has one name wherever it is taken."""
    for parameter in one.parameters:
        for word, others in SYNONYMS.items():
            if parameter.name in others.split():
                yield f"{parameter.name}: elsewhere it is {word}"


def has_an_example(one: Public) -> Iterator[str]:
    """What can be imported shows how it is used, itself or in one of its methods."""
    said = [one.value]
    if isinstance(one.value, type):
        if issubclass(one.value, BaseException | dict):
            return  # an error is told where it is raised; a dict by its keys
        said += [method.value for method in members(one.path, one.value)]
    elif one.owners:
        return
    if not any(">>>" in (inspect.getdoc(each) or "") for each in said):
        yield "no example"


def names_what_can_be_imported(one: Public) -> Iterator[str]:
    """A class of ours that its signature names has a public name: for annotations."""
    for name, kind in signature(one):
        for found in classes_in(kind):
            path = f"{found.__module__}.{found.__qualname__}"
            if found not in PUBLIC and path not in UNNAMED:
                yield f"{name} is a {path}, which has no public name"


RULES: Sequence[Callable[[Public], Iterator[str]]] = (
    is_told,
    names_what_it_takes,
    says_units,
    says_what_it_raises,
    is_annotated,
    takes_options_by_name,
    has_frozen_defaults,
    takes_any_path,
    uses_our_words,
    has_an_example,
    names_what_can_be_imported,
)

#: What a quantity is counted in: its name, and the word for its unit.
UNITS = {
    "timeout|retry_after|seconds|moment|wait": "second",
    "(min|max)_size|size": "characters|keys|tools|pieces|bytes|rounds|calls|turns|"
    "chunks",
    "chunk_times": "millisecond",
    "speed|timing": "fast",
    "(max_)?tokens.*": "tokens",
}

#: The word for a thing, and the words that others have for it.
SYNONYMS = {
    "directory": "folder dir root base_dir",
    "path": "file filename file_path filepath",
    "seed": "random_seed rng random_state",
    "timeout": "max_wait time_limit deadline",
    "session_header": "header",
    "tool_choice": "choice",
    "retry_after": "wait delay",
    "mode": "record_mode",
    "match_on": "matchers matching",
    "model": "model_id model_type",
    "base_url": "url_base api_base endpoint_url",
    "api_key": "key token_key",
    "status": "status_code http_status code_of",
    "messages": "message_list history conversation",
    "max_retries": "retries attempts",
    "redaction": "redact redactor filters",
}

_LANGCHAIN = "the signature of LangChain's BaseChatModel, whose place it takes"
_DUCK = "any object that is spelled like it: a class to import there is none"
_SERVED = "it needs a socket or what stands on one: docs/server.md runs it"

#: What a rule lets pass, and why.
LET_PASS: dict[tuple[str, str], str] = {
    **{
        ("is_annotated", f"harness.bridges.langchain.HarnessChatModel.{name}"): (
            _LANGCHAIN
        )
        for name in ("batch", "abatch", "batch_as_completed", "abatch_as_completed")
    },
    ("is_annotated", "harness.streaming"): "callbacks are ours or LangChain's",
    ("is_annotated", "harness.bridges.langchain.from_langchain"): (
        "a chat model or a Runnable around one: it is looked into, whatever it is"
    ),
    ("is_annotated", "harness.bridges.langchain.LangChainModel"): (
        "as from_langchain, which is how it is made"
    ),
    ("is_annotated", "harness.laws.check"): "a case is whatever a law draws",
    ("is_annotated", "harness.laws.ModelSubject.seen"): _DUCK,
    ("is_annotated", "harness.recording.Interception"): (
        "a transport of httpx and of httpx2 at once, and neither is imported here"
    ),
    **{
        ("has_an_example", f"harness.server.{name}"): _SERVED
        for name in "Application ScriptFile ServedCassette ServedScript Server".split()
    },
    ("has_an_example", "harness.RecordingChatModel"): (
        "it writes a file, and none where CI is set: docs/recording.md runs it"
    ),
    **{
        ("has_an_example", f"harness.wire.{name}"): (
            "docs/new-dialect.md makes a dialect of them, and runs it"
        )
        for name in ("Grammar", "Reader", "WireFormat")
    },
    ("is_annotated", "harness.wire.Grammar.event"): "JSON is Any",
    ("is_annotated", "harness.wire.Reader.read"): "JSON is Any",
    ("has_an_example", "harness.server.Served"): (
        "docs/server.md writes one, and asks it"
    ),
    ("has_an_example", "harness.server.Stage"): (
        "an application makes it: docs/server.md acts an answer out on one"
    ),
    ("has_an_example", "harness.server.Upstream"): "a Provider is one, and shows it",
    ("is_annotated", "harness.endpoint.HttpCall"): (
        "rooms of one floor do not import each other: its call is a scripts.Call"
    ),
    ("takes_options_by_name", "harness.wire.Event"): (
        "a tuple, as there is one for each piece of a stream: it has no keywords"
    ),
    ("has_an_example", "harness.recording.Guard"): "block_network makes it",
    ("has_an_example", "harness.recording.Interception"): (
        "FakeProvider.intercept makes it, and shows it"
    ),
}


#: The classes that signatures name and nobody imports, and why.
UNNAMED: dict[str, str] = {
    **{
        f"harness.scripts.cutting.{name}": (
            "a cut is a name, a size, pieces, or what harness.scripts.at and such give;"
            " an annotation says CutLike"
        )
        for name in "At Characters Graphemes Pieces Whole Words".split()
    },
    **{
        f"harness.scripts.parts.{name}": (
            "what say, auto and the forms of a turn make inside of a Turn, which is "
            "what goes from hand to hand"
        )
        for name in "Auto Compute Said Steps".split()
    },
    "harness.endpoint.answers.Answer": (
        "what a desk of an Endpoint gives; FakeProvider makes both"
    ),
    "harness.models.binding.Binding": (
        "what bind and bind_tools note; who wants to know reads the ChatRequest"
    ),
    "harness.models.retrying.Player": (
        "with_retry and with_fallbacks make it; who writes a model has play"
    ),
    "harness.models.structured.Output": (
        "with_structured_output makes it of a schema and its options"
    ),
    "harness.steps.Source": (
        "whatever has play(request); Script and CassetteSource are, and FakeProvider "
        "makes an Endpoint of one"
    ),
}


# --------------------------------------------------------------------------- tests


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_public_surface_keeps_the_rule(
    rule: Callable[[Public], Iterator[str]],
) -> None:
    """Nothing is found, but what is let pass for a reason."""
    found = {one.path: [*rule(one)] for one in SURFACE}
    wrong = {path: problems for path, problems in found.items() if problems}
    passed = {path for name, path in LET_PASS if name == rule.__name__}

    assert {path: wrong[path] for path in wrong.keys() - passed} == {}
    assert passed - wrong.keys() == set(), "let pass, and nothing is wrong with it"


def test_a_class_without_a_name_stands_in_a_signature() -> None:
    """What needs no reason has none, and what has got a name is no longer listed."""
    met = {
        f"{found.__module__}.{found.__qualname__}"
        for one in SURFACE
        for _, kind in signature(one)
        for found in classes_in(kind)
        if found not in PUBLIC
    }

    assert {*UNNAMED} - met == set()


def test_the_surface_is_really_read() -> None:
    """Functions, classes, methods and properties of every public module are there."""
    paths = {one.path for one in SURFACE}

    assert {
        "harness.say",
        "harness.FakeChatModel",
        "harness.FakeChatModel.load",
        "harness.ChatModel.batch",
        "harness.Message.text",
        "harness.wire.Dialect.read_reply",
        "harness.bridges.pydantic_ai.as_pydantic_ai",
        "harness.strategies.chunk_streams",
    } <= paths
    assert {path.rsplit(".", 1)[0] for path in paths} >= {*MODULES}


# What each rule is for: one that it finds, and one that it does not.


def untold(path: str) -> None: ...


def vague(timeout: float, name: str) -> None:
    """Wait for *timeout*."""


def silent(number: int) -> None:
    """Take a *number*."""
    if number < 0:
        raise ValueError(number)


def untyped(first, *, second: Any, third: int | Any):  # type: ignore[no-untyped-def]
    """Take *first*, *second* and *third*."""


def by_place(first: int = 1, second: int = 2, third: int = 3, *, late: int = 4) -> None:
    """Take *first*, *second*, *third* and *late*."""


def flagged(name: str, loud: bool = False) -> None:
    """Say *name*, *loud* or not."""


def shared(names: list[str] = [], *, known: dict[str, int] = {}) -> None:  # noqa: B006 - bad on purpose
    """Take *names* and *known*."""


def found_by_path(path: Path, name: str | Path = "") -> None:
    """Read what is at *path*, or called *name*."""


def foreign_words(folder: str, *, header: str = "") -> None:
    """Look in *folder*, for *header*."""


def hidden(first: "list[Lookup]", *, second: dict[str, Lookup | int]) -> Lookup:
    """Take *first* and *second*."""


class Hiding:
    """Has one, and gives one.

    >>> 1 + 1
    2
    """

    lookup: "Lookup | None" = None
    _own: Lookup

    def __enter__(self) -> Lookup: ...

    def _private(self) -> Lookup: ...


class Silent:
    """Takes a *number*."""

    def __init__(self, number: int, other: str = "") -> None:
        if number < 0:
            raise KeyError(other)

    @property
    def size(self) -> int:
        return 0


class Lines(Silent):
    """Raises KeyError; *number* is a number, *other* is not."""

    @property
    def size(self) -> int:
        """How long it is.

        >>> 1 + 1
        2
        """
        return 0


def good(path: str | PathLike[str], timeout: float = 1.0, *, loud: bool = False) -> int:
    """Read what is at *path* for *timeout* seconds, *loud* or not; else ValueError.

    >>> good("a")
    1
    """
    if timeout < 0:
        raise ValueError(path)
    return 1 if path else int(loud)


BAD = [
    (is_told, untold, ["no docstring"]),
    (is_told, Silent.size.fget, ["no docstring"]),
    (names_what_it_takes, vague, ["name is not in the docstring"]),
    (names_what_it_takes, Silent, ["other is not in the docstring"]),
    (says_units, vague, ["timeout has no unit: /second/"]),
    (
        says_what_it_raises,
        silent,
        ["raises ValueError, which is not in the docstring"],
    ),
    (says_what_it_raises, Silent, ["raises KeyError, which is not in the docstring"]),
    (
        is_annotated,
        untyped,
        [
            "first has no type",
            "second is Any",
            "third is Any",
            "what it gives has no type",
        ],
    ),
    (
        takes_options_by_name,
        by_place,
        ["third is an option by position, after two others"],
    ),
    (takes_options_by_name, flagged, ["loud is a boolean by position"]),
    (
        has_frozen_defaults,
        shared,
        [
            "names has a default that can be changed",
            "known has a default that can be changed",
        ],
    ),
    (
        takes_any_path,
        found_by_path,
        [
            "path is a Path, and no str or os.PathLike",
            "name is a Path, and no str or os.PathLike",
        ],
    ),
    (
        uses_our_words,
        foreign_words,
        ["folder: elsewhere it is directory", "header: elsewhere it is session_header"],
    ),
    (has_an_example, Silent, ["no example"]),
    (has_an_example, untold, ["no example"]),
    (
        names_what_can_be_imported,
        hidden,
        [
            f"{name} is a harness.cassettes.lookup.Lookup, which has no public name"
            for name in ("first", "second", "return")
        ],
    ),
    (
        names_what_can_be_imported,
        Hiding,
        [
            f"{name} is a harness.cassettes.lookup.Lookup, which has no public name"
            for name in ("lookup", "__enter__: return")
        ],
    ),
]


@pytest.mark.parametrize(("rule", "value", "problems"), BAD)
def test_a_rule_finds_what_it_is_for(
    rule: Callable[[Public], Iterator[str]], value: Any, problems: list[str]
) -> None:
    """A bad sample is told with what is wrong, all of it."""
    assert [*rule(Public("sample", value))] == problems


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("value", [good, Lines])
def test_a_rule_finds_nothing_in_what_is_good(
    rule: Callable[[Public], Iterator[str]], value: Any
) -> None:
    """A sample that is told, typed and short passes every rule."""
    assert [*rule(Public("sample", value))] == []


def test_each_rule_has_a_bad_sample() -> None:
    """A rule that was never seen to fail proves nothing."""
    assert {rule for rule, _, _ in BAD} == {*RULES}


def raised(function: Any) -> Iterator[str]:
    """Give the names of the errors that the body of *function* raises itself."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):  # what dataclasses make has no source
        return
    todo: list[ast.AST] = [*ast.parse(source).body[0].body]  # type: ignore[attr-defined]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = ast.unparse(error).rsplit(".", 1)[-1]
            if name[0].isupper():
                yield name
        todo += ast.iter_child_nodes(node)


def has_any(kind: Any) -> bool:
    """Tell whether *kind* is `Any`, alone or as one of a union."""
    if get_origin(kind) in {Union, UnionType}:
        return any(map(has_any, get_args(kind)))
    return kind is Any or kind == "Any"


# ----------------------------------------------------------------- what types name

#: The classes that can be imported.
PUBLIC = {
    value
    for module in map(import_module, MODULES)
    for value in (getattr(module, name) for name in module.__all__)
    if isinstance(value, type)
}


def signature(one: Public) -> Iterator[tuple[str, Any]]:
    """Give the types of what *one* takes and gives; of a class, what it has as well."""
    for function in one.functions:
        yield from annotations(function)
    for owner in (one.value, *one.owners) if isinstance(one.value, type) else ():
        for name, kind in annotations(owner):
            if not name.startswith("_"):
                yield name, kind
        for name, method in vars(owner).items():
            special = name.startswith("__") and name not in MADE
            if special and isinstance(method, FunctionType):
                for place, kind in annotations(method):
                    yield f"{name}: {place}", kind


def annotations(holder: Any) -> Iterator[tuple[str, Any]]:
    """Give the annotations of *holder*, with what stands in quotes read."""
    holder = getattr(holder, "__func__", holder)
    names = Names(sys.modules.get(holder.__module__, builtins))
    for name, kind in inspect.get_annotations(holder).items():
        if name not in ("self", "cls"):
            yield name, names.read(kind)


class Names(dict[str, Any]):
    """What a name means in a module, to type checkers too."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def read(self, kind: Any) -> Any:
        """Give *kind* with each text in it read, as a tree of types."""
        if isinstance(kind, ForwardRef):
            kind = kind.__forward_arg__
        if isinstance(kind, str):
            kind = eval(kind, {}, self)  # noqa: S307 - written in our own modules
        if isinstance(kind, list):  # what a Callable takes
            return [self.read(each) for each in kind]
        if get_origin(kind) in {None, Literal}:
            return kind
        return [self.read(each) for each in (get_origin(kind), *get_args(kind))]

    def __missing__(self, name: str) -> Any:
        for known in (vars(self._module), vars(builtins)):
            if name in known:
                return known[name]
        for node in ast.walk(ast.parse(inspect.getsource(self._module))):
            match node:  # what stands under TYPE_CHECKING
                case ast.ImportFrom(module=str(home), names=names) if home.startswith(
                    "harness."
                ) and name in {alias.name for alias in names}:
                    return getattr(import_module(home), name)
                case _:
                    pass
        return Foreign


class Anything(type):
    """Has what it is asked for, and is it."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, name: object) -> type:
        return cls


class Foreign(metaclass=Anything):
    """What only type checkers import, from another package: not ours to name."""


def classes_in(kind: Any) -> Iterator[type]:
    """Give the classes of ours in a tree of types, each once."""
    found: dict[type, None] = {}
    todo = [kind]
    while todo:
        match todo.pop(0):
            case list() as several:
                todo = [*several, *todo]
            case type() as one if package(one) == "harness":
                found[one] = None
            case _:
                pass
    yield from found
