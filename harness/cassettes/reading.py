"""Cassette files of vcrpy's format. In: text. Out: interactions.

Read are all forms of it that are found in the wild: bodies as text, `!!binary`,
mappings or `parsed_body`; the stub of old httpx versions; files without a version.
What is damaged or foreign is refused by name and place, never taken for empty.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.cassettes.interactions import Headers, Interaction
from harness.errors import CassetteError, shown

__all__ = ["load_cassette", "read_cassette"]

_MARKER = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?= |$)", re.MULTILINE)
_RESTORE = "Restore the file from version control, or record it again."

#: How other formats are told: by the keys that their files begin with.
_FOREIGN: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"http_interactions"}), "VCR for Ruby or R"),
    (frozenset({"log"}), "HAR"),
    (frozenset({"requests", "responses"}), "two lists, requests and responses"),
)


def load_cassette(path: Path) -> tuple[Interaction, ...]:
    """The interactions of the file at *path*. Raises CassetteError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CassetteError(
            f"{path}: cannot be read: {error.strerror or error}."
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CassetteError(
            f"{path}: byte {error.start} is no UTF-8: the file is damaged, or no "
            f"cassette. {_RESTORE}"
        ) from None
    return read_cassette(text, str(path))


def read_cassette(text: str, name: str = "the cassette") -> tuple[Interaction, ...]:
    r"""The interactions that *text* says; *name* is what errors call it.

    Raises CassetteError for what is damaged, foreign or of a wrong shape.

    >>> read_cassette("interactions: []\nversion: 1\n")
    ()
    """
    if found := _MARKER.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise CassetteError(
            f"{name}, line {line}: a merge conflict is not resolved "
            f"({found.group()!r}). Keep one side of it."
        )
    if not text.strip():
        raise CassetteError(f"{name} is empty. {_RESTORE}")
    if text.startswith("when:"):
        raise _foreign(name, "httpmock")
    value, lines = _parsed(text, name)
    items = _items(value, name)
    if "version" not in value and not text.endswith("\n"):
        raise CassetteError(
            f"{name} has no version and no end of its last line: it was cut short. "
            f"{_RESTORE}"
        )
    places = [
        f"{name}, interaction {n}{f' (line {lines[n - 1]})' if lines else ''}"
        for n in range(1, len(items) + 1)
    ]
    return tuple(map(_interaction, items, places))


def _parsed(text: str, name: str) -> tuple[Any, list[int]]:
    """The value of *text*, and the line of each interaction where that is known."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text), []
        except ValueError as error:
            raise CassetteError(f"{name} is no JSON: {error}. {_RESTORE}") from None
        except RecursionError:
            raise CassetteError(f"{name} is nested too deeply.") from None
    import yaml

    loader = (yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        return loader.construct_document(node), _lines(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or str(error).strip()
        raise CassetteError(f"{name}{line} is damaged: {why}. {_RESTORE}") from None
    except (RecursionError, ValueError, TypeError) as error:
        raise CassetteError(f"{name} is damaged: {error}. {_RESTORE}") from None
    finally:
        loader.dispose()


def _lines(node: Any) -> list[int]:
    pairs = node.value if node is not None and node.id == "mapping" else ()
    for key, value in pairs:
        if key.value == "interactions" and value.id == "sequence":
            return [item.start_mark.line + 1 for item in value.value]
    return []


def _items(value: Any, name: str) -> list[Any]:
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise CassetteError(
            f"{name} is no cassette: a {kind}, where a mapping with 'interactions' is "
            f"expected. {_RESTORE}"
        )
    for keys, form in _FOREIGN:
        if keys <= value.keys():
            raise _foreign(name, form)
    match value.get("interactions"):
        case [{"request": {"url": _}}, *_]:
            raise _foreign(name, "go-vcr")
        case [{"response": {"status": int(), "body": {"type": _}}}, *_]:
            raise _foreign(name, "cassetter")
        case list(items):
            return items
        case None if "interactions" not in value:
            found = ", ".join(map(repr, value)) or "nothing"
            raise CassetteError(
                f"{name} is no cassette: it has no 'interactions', but {found}. "
                f"{_RESTORE}"
            )
        case other:
            raise CassetteError(
                f"{name}: 'interactions' is {shown(other)}, not a list: the file is "
                f"damaged. {_RESTORE}"
            )


def _foreign(name: str, form: str) -> CassetteError:
    return CassetteError(
        f"{name} is a recording in the format of {form}; harness reads vcrpy's. "
        "Record it with vcrpy."
    )


def _interaction(item: Any, place: str) -> Interaction:
    match item:
        case {
            "request": {"method": str(method), "uri": str(url)} as request,
            "response": {} as response,
        }:
            pass
        case _:
            raise CassetteError(
                f"{place} is {shown(item)}. It has no whole request (method, uri) and "
                f"response: the file is damaged. {_RESTORE}"
            )
    body = _body(response, ("body", "content"), f"{place}: the response")
    return Interaction(
        method.upper(),
        url,
        _status(response, place),
        request_headers=_headers(request.get("headers"), f"{place}: the request"),
        request_body=_body(request, ("body",), f"{place}: the request"),
        response_headers=_headers(response.get("headers"), f"{place}: the response"),
        response_body=body,
        place=place,
    )


def _status(response: Mapping[str, Any], place: str) -> int:
    match response:
        case {"status": {"code": int(code)}} if 100 <= code <= 599:
            return code
        case {"status_code": int(code)} if 100 <= code <= 599:
            return code
        case _:
            raise CassetteError(
                f"{place}: the response has no status code: the file is damaged, or "
                f"cut short. {_RESTORE}"
            )


def _body(message: Mapping[str, Any], keys: tuple[str, ...], where: str) -> bytes:
    if "parsed_body" in message:
        return json.dumps(message["parsed_body"], ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
    for key in keys:
        if key in message:
            return _bytes(message[key], where)
    if "body" in keys and len(keys) == 1:
        return b""
    raise CassetteError(
        f"{where} has no body: the file is damaged, or cut short. {_RESTORE}"
    )


def _bytes(value: Any, where: str) -> bytes:
    match value:
        case None:
            return b""
        case bytes():
            return value
        case str():
            return value.encode("utf-8", "surrogatepass")
        case {"string": None | str() | bytes() as said}:
            return _bytes(said, where)
        case {"base64_string": str(said)}:
            try:
                return base64.b64decode(said, validate=True)
            except binascii.Error as error:
                raise CassetteError(
                    f"{where} has a body that is no base64: {error}. {_RESTORE}"
                ) from None
        case dict() | list() if "response" not in where:
            return json.dumps(value, ensure_ascii=False).encode(
                "utf-8", "surrogatepass"
            )
        case _:
            raise CassetteError(
                f"{where} has the body {shown(value)}, which is none. {_RESTORE}"
            )


def _headers(value: Any, where: str) -> Headers:
    match value:
        case None:
            return ()
        case dict():
            return tuple(
                (str(name), _text(one))
                for name, said in value.items()
                for one in (said if isinstance(said, list) else [said])
            )
        case list() if all(isinstance(pair, list) and len(pair) == 2 for pair in value):
            return tuple((str(name), _text(said)) for name, said in value)
        case _:
            raise CassetteError(f"{where} has the headers {shown(value)}. {_RESTORE}")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
