"""The formats that can be converted: one table of how each is read."""

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.cassettes import Interaction
from harness.cassettes.foreign import text_form, value_form
from harness.cassettes.parsing import RESTORE
from harness.cassettes.reading import text_of, unpacked
from harness.converting.bare import read_bare
from harness.converting.datadog import read_datadog
from harness.converting.documents import document
from harness.converting.go_vcr import read_go_vcr
from harness.converting.har import read_har
from harness.converting.hosts import with_host
from harness.converting.httpmock import read_httpmock
from harness.converting.httprr import read_httprr
from harness.converting.llama_stack import read_llama_stack
from harness.converting.nock import read_nock
from harness.converting.vcr import read_vcr
from harness.converting.vcrpy import read_vcrpy
from harness.converting.xai_grpc import read_xai_grpc
from harness.errors import CassetteError, InputError, nearest

__all__ = ["FORMATS", "ForeignRecording", "Format", "read_recording"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: in words, and how the bytes of a file (and its name) are read."""

    about: str
    read: Callable[[bytes, str], list[Interaction]]


@dataclass(frozen=True, slots=True)
class ForeignRecording:
    """What a file holds: the name of its format, and the interactions.

    *added_hosts* are those, with their schemes, of URLs of which it says only paths.
    """

    format: str
    interactions: tuple[Interaction, ...]
    added_hosts: tuple[str, ...] = ()


#: Every format by the name that `harness convert --from` takes.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "body": Format("one answer's body alone", read_bare),
        "datadog": Format("one interaction a file, as dd-trace's", read_datadog),
        "go-vcr": Format("go-vcr", read_go_vcr),
        "har": Format("HAR, of browsers and Polly.JS", read_har),
        "httpmock": Format("httpmock for Rust", read_httpmock),
        "httprr": Format("httprr for Go", read_httprr),
        "llama-stack": Format("llama-stack", read_llama_stack),
        "nock": Format("nock", read_nock),
        "vcr": Format("VCR for Ruby or R, and betamax", read_vcr),
        "vcrpy": Format("vcrpy, cassetter and LangChain's two lists", read_vcrpy),
        "xai-grpc": Format("gRPC messages of xAI's SDK", read_xai_grpc),
    }
)


#: A key that each cassette of vcrpy has, in one of its forms.
_OF_VCRPY = frozenset({"interactions", "requests"})


def read_recording(
    data: bytes, name: str, *, form: str | None = None, host: str | None = None
) -> ForeignRecording:
    """What the file with *data* holds; *name* is what errors call it.

    *form* is the name of its format, which is told from the file if it is None.
    *host* is where requests went of which it says only the path; without one, the
    provider's that path, headers and model tell. Raises CassetteError for what is
    damaged or in none of the formats, and InputError for a form that there is not.
    """
    form = _told(data, name) if form is None else form
    if form not in FORMATS:
        raise InputError(f"There is no format {form!r}. {nearest(form, FORMATS)}")
    found = FORMATS[form].read(unpacked(data, name), name)
    if not found:
        raise CassetteError(f"{name} holds no interactions; none can be converted.")
    whole = [with_host(one, host) for one in found]
    hosts = dict.fromkeys(added for _, added in whole if added)
    return ForeignRecording(form, tuple(one for one, _ in whole), tuple(hosts))


def _told(data: bytes, name: str) -> str:
    """The name of the format of *data*. Raises CassetteError if there is none."""
    if not data.strip():
        raise CassetteError(f"{name} is empty. {RESTORE}")
    data = unpacked(data, name).removeprefix(BOM_UTF8)
    form = text_form(data.decode("latin-1"))  # some of them hold any bytes
    if form is None:
        value = document(text_of(data, name), name).value
        form = value_form(value)
        if form is None and isinstance(value, dict) and _OF_VCRPY & value.keys():
            return "vcrpy"
    if form is None:
        raise CassetteError(
            f"{name} is in no format that is known. {nearest('', FORMATS)} If it is in "
            "one of them, name it: --from FORMAT"
        )
    if not form.name:
        why = f"{form.why[0].upper()}{form.why[1:]}." if form.why else ""
        raise CassetteError(
            f"{name} is a recording in the format of {form.about}, which cannot be "
            f"converted. {why or nearest('', FORMATS)}"
        )
    return form.name
