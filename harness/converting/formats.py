"""The formats that can be converted: one table of how each is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.cassettes import Interaction
from harness.cassettes.foreign import text_form, value_form
from harness.cassettes.parsing import RESTORE
from harness.cassettes.reading import unpacked
from harness.converting.documents import document, text_of_any
from harness.converting.go_vcr import read_go_vcr
from harness.converting.vcrpy import read_vcrpy
from harness.errors import CassetteError, InputError, nearest

__all__ = ["FORMATS", "ForeignRecording", "Format", "read_recording"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: in words, and how the bytes of a file (and its name) are read."""

    about: str
    read: Callable[[bytes, str], list[Interaction]]


@dataclass(frozen=True, slots=True)
class ForeignRecording:
    """What a file holds: the name of its format, and the interactions."""

    format: str
    interactions: tuple[Interaction, ...]


#: Every format by the name that `harness convert --from` takes.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "go-vcr": Format("go-vcr", read_go_vcr),
        "vcrpy": Format("vcrpy, cassetter and LangChain's two lists", read_vcrpy),
    }
)


def read_recording(
    data: bytes, name: str, *, form: str | None = None
) -> ForeignRecording:
    """What the file with *data* holds; *name* is what errors call it.

    *form* is the name of its format, which is told from the file if it is None.
    Raises CassetteError for what is damaged or in none of the formats, and
    InputError for a form that there is not.
    """
    form = _told(data, name) if form is None else form
    if form not in FORMATS:
        raise InputError(f"There is no format {form!r}. {nearest(form, FORMATS)}")
    found = FORMATS[form].read(unpacked(data, name), name)
    if not found:
        raise CassetteError(f"{name} holds no interactions; none can be converted.")
    return ForeignRecording(form, tuple(found))


def _told(data: bytes, name: str) -> str:
    """The name of the format of *data*. Raises CassetteError if there is none."""
    if not data.strip():
        raise CassetteError(f"{name} is empty. {RESTORE}")
    text = text_of_any(unpacked(data, name))
    form = text_form(text) or value_form(document(text, name))
    if form is None:
        return "vcrpy"
    if not form.name:
        raise CassetteError(
            f"{name} is a recording in the format of {form.about}, which cannot be "
            f"converted. {nearest('', FORMATS)}"
        )
    return form.name
