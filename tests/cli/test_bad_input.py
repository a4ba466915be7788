"""What every command does with files that are damaged, huge, missing or no files."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
WHOLE = (ROOT / "cassettes" / "weather.yaml").read_bytes()

#: How each command is given a file; of the others, why it is not.
GIVEN = {
    "check": "check {file}",
    "convert": "convert {file} --into {out}",
    "diff": "diff {file} {file}",
    "play": "play {file} --message Hi",
    "redact": "redact {file}",
    "refresh": "refresh {file} --dry-run",
    "report": "report {file} -o {out}.html",
    "seal": "seal {file}",
    "serve": "serve --port 0 {file}",
    "show": "show {file}",
    "stats": "stats {file}",
}
#: What is bad for others only: in a folder they look for files, and find none.
GOOD = {("check", "folder"), ("refresh", "folder")}
WITHOUT = {
    "demo": "takes no files",
    "new": "makes files, and reads none",
    "schema": "takes no files",
    "proxy": "begins with a file that need not be there",
    "record": "as proxy",
}


def damaged(**files: bytes) -> dict[str, Callable[[Path], None]]:
    """Give what makes each of *files*."""

    def making(data: bytes) -> Callable[[Path], None]:
        return lambda path: path.write_bytes(data) and None

    return {name: making(data) for name, data in files.items()}


#: Twelve lines that say more than any memory holds.
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (c, c, *[c - 1] * 9)
    for c in range(ord("b"), ord("m"))
)

BAD = {
    "missing": lambda _: None,
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "dangling": lambda path: path.symlink_to("nowhere"),
    **damaged(
        empty=b"",
        blank=b"\n\n   \n",
        binary=bytes(range(256)) * 40,
        nul=b"interactions: \0",
        cut=WHOLE[: len(WHOLE) // 2],
        cut_packed=gzip.compress(WHOLE)[:-200],
        no_yaml=b"interactions: [}",
        deep=b"interactions: " + b"[" * 30_000,
        deep_blocks=b"turns:\n" + b"- " * 30_000 + b"x\n",
        deep_keys=b"interactions:\n  " + b"? " * 30_000 + b"x\n",
        bomb=BOMB,
        bomb_of_ours=BOMB + b"interactions: [*l]\nversion: 1\n",
        tags=b"interactions: !!python/object/apply:os.system [exit 1]\n",
        conflict=b"<<<<<<< ours\ninteractions: []\n=======\n>>>>>>> theirs\n",
        huge_line=b"interactions: '" + b"x" * 4_000_000 + b"'\n",
        wrong_shape=b"interactions: 7\nversion: 1\n",
        wrong_script=b"turns:\n- sya: Hi\n",
        latin=b"turns: [caf\xe9]\n",
        foreign=b"http_interactions: 7\n",
    ),
}


def run(argv: list[str]) -> int:
    """Run the command; give its status."""
    try:
        return main(argv)
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (command, kind)
        for command in GIVEN
        for kind in BAD
        if (command, kind) not in GOOD
    ],
)
def test_a_bad_file_is_told_in_a_line(command, kind, tmp_path, monkeypatch, capsys):
    """No traceback, no hang, no status 0: a line that names the file."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.yaml"
    BAD[kind](path)
    words = GIVEN[command].split()

    status = run([word.format(file="bad.yaml", out="out") for word in words])

    told = capsys.readouterr()
    assert status in (1, 2)
    assert "Traceback" not in told.err + told.out
    assert "bad.yaml" in told.err + told.out
    assert len(told.err.splitlines()) <= 3
    assert all(len(line) < 600 for line in told.err.splitlines())


@pytest.mark.parametrize("command", GIVEN)
def test_a_bad_file_is_left_as_it_is(command, tmp_path, monkeypatch):
    """Whatever a command cannot read, it does not touch."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.yaml"
    cut = WHOLE[: len(WHOLE) // 2]
    path.write_bytes(cut)

    run([word.format(file="bad.yaml", out="out") for word in GIVEN[command].split()])

    assert path.read_bytes() == cut
    assert not [*tmp_path.rglob("*.tmp")]


def test_no_command_is_forgotten():
    """Each command is given bad files here, or has a reason why not."""
    assert {*GIVEN} | {*WITHOUT} == {*COMMANDS}
    assert not {*GIVEN} & {*WITHOUT}
