"""The command that takes the secrets out of cassettes that have some."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.cassettes.mending import Mended, mended
from harness.cassettes.redaction import Redaction
from harness.cassettes.rewriting import CassetteFile
from harness.cli.screen import tell
from harness.errors import CassetteError, HarnessError
from harness.scripts.files import holds_script
from harness.text import visible

__all__ = ["redact", "redact_arguments"]

_OPTIONS = {
    "header": "a header that is hidden as well",
    "query": "a parameter of URLs that is hidden as well",
    "field": "a field of JSON, forms and multipart bodies that is hidden as well",
    "pattern": "a regular expression; what it finds, or its group 1, is hidden as well",
    "keep": "a header, parameter or field that is left as it is",
}


def redact_arguments(parser: ArgumentParser) -> None:
    """What `redact` takes."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="cassettes")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="change nothing; end with 1 if there is something to hide",
    )
    for name, what in _OPTIONS.items():
        metavar = "REGEX" if name == "pattern" else "NAME"
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=metavar,
            help=f"{what}; may be given several times",
        )


def redact(files: Sequence[str], *, dry_run: bool, **rules: Any) -> int:
    """Hide the secrets in *files* as recording would; say what was hidden.

    1 for a file that cannot be mended, which is left as it is; and, if it is a
    *dry_run*, for one that has something to hide.
    """
    plural = {"query": "query", "keep": "keep"}
    redaction = Redaction.default().also(
        **{plural.get(name, f"{name}s"): said for name, said in rules.items()}
    )
    status = 0
    for file in files:
        try:
            one = _mended(Path(file), redaction, dry_run=dry_run)
        except HarnessError as error:
            tell(str(error))
            status = 1
            continue
        print(f"{visible(file)}: {_told(one, dry_run=dry_run)}")
        status = max(status, int(dry_run and one.changed))
    return status


def _mended(path: Path, redaction: Redaction, *, dry_run: bool) -> Mended:
    file = CassetteFile.read(path)
    if holds_script(file.text):
        raise CassetteError(f"{path} is a script, not a cassette: edit it by hand.")
    one = mended(file.text, str(path), redaction)
    if one.changed and not dry_run:
        file.replace(one.text)
    return one


def _told(one: Mended, *, dry_run: bool) -> str:
    if not one.changed:
        return "nothing to hide"
    counts = ", ".join(f"{count} {kind}" for kind, count in one.hidden.items())
    did = "would hide" if dry_run else "hid"
    return (
        f"{did} {counts or 'what lay in encoded parts'}; {one.matching} of {one.count} "
        "recordings match as before"
    )
