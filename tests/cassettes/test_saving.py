"""Nothing is lost and nothing is damaged, whoever is killed and whatever is full."""

import contextlib
import errno
import json
import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import journals as journals_room
from harness.cassettes import load_cassette
from harness.cassettes import saving as saving_room
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import Interaction
from harness.cassettes.journals import (
    Journal,
    forsaken,
    has_journals,
    left_journals,
    line_of,
)
from harness.cassettes.merging import added, save
from harness.cassettes.redaction import Redaction
from harness.cassettes.saving import hold, locked, replace_file
from harness.cassettes.tape import Tape
from harness.errors import CassetteError, CassetteWarning, UnrecordedRequest

URL = "https://a.b/v1"
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a cassette that is not there yet."""
    return tmp_path / "test_it[a-1].yaml"


def one(name: str) -> Interaction:
    """Give an interaction that can be told from others."""
    return Interaction(
        *("POST", URL, 200),
        request_body=json.dumps(name).encode(),
        response_headers=(("content-type", "text/plain"),),
        response_body=b"answer to " + name.encode(),
        recorded_at="2026-11-23T08:00:00Z",
    )


def names(interactions: Any) -> list[str]:
    """Give the names of interactions, each of which has the answer to its request."""
    found = [json.loads(i.request_body) for i in interactions]
    answers = [i.response_body.rstrip(b".") for i in interactions]
    assert answers == [b"answer to " + name.encode() for name in found]
    return found


OPEN = Redaction.none()


def record(tape: Tape, name: str) -> None:
    """Record an exchange that tells its name."""
    exchange = tape.recording(HttpRequest("POST", URL, (), json.dumps(name).encode()))
    exchange.response(200, [("content-type", "text/plain")])
    exchange.chunk(b"answer to " + name.encode())
    exchange.end()


# ------------------------------------------------------------------------- files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """Its folder is made, its mode is kept, and nothing else is left."""
    path = tmp_path / "deep" / "a.yaml"
    replace_file(path, b"one")
    path.chmod(0o640)

    replace_file(path, b"two")

    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [*path.parent.iterdir()] == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is replaced."""
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_bytes(b"one")
    link.symlink_to(real)

    replace_file(link, b"two")

    assert link.is_symlink()
    assert real.read_bytes() == b"two"


def test_a_file_that_cannot_be_written_stays(tmp_path: Path) -> None:
    """The error names it and says so."""
    folder = tmp_path / "a.yaml"
    folder.mkdir()

    with pytest.raises(CassetteError, match=r"a\.yaml: cannot be saved: .* as it was"):
        replace_file(folder, b"two")
    assert [*tmp_path.iterdir()] == [folder]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The error names it."""
    (tmp_path / "file").write_bytes(b"")

    with (
        pytest.raises(CassetteError, match="cannot be made"),
        locked(tmp_path / "file"),
    ):
        pass


@pytest.mark.parametrize("fallback", [False, True])
def test_a_lock_holds_others_off(
    tmp_path: Path, fallback: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time is in it, also where the system has no locks for folders."""
    if fallback:
        monkeypatch.setattr(saving_room, "_flocked", lambda _: False)
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locked(tmp_path):
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (most, inside) == (1, 0)
    assert [*tmp_path.iterdir()] == []


def test_a_lock_file_of_the_dead_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After half a minute nobody is thought to hold it."""
    monkeypatch.setattr(saving_room, "_flocked", lambda _: False)
    lock = tmp_path / ".lock"
    lock.touch()
    os.utime(lock, (1, 1))

    with locked(tmp_path):
        assert lock.stat().st_mtime > 1
    assert not lock.exists()


def test_a_lock_that_nobody_lets_go_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits forever; the error names the file."""
    monkeypatch.setattr(saving_room, "_flocked", lambda _: False)
    monkeypatch.setattr(saving_room, "_PATIENCE", 0.0)
    (tmp_path / ".lock").touch()

    with pytest.raises(CassetteError, match="has held this lock"), locked(tmp_path):
        pass


# ---------------------------------------------------------------------- journals

EVERYTHING = Interaction(
    *("POST", "https://a.b/é?x=1", 200),
    request_headers=(("A", "1"), ("a", "2")),
    request_body=b"\xff\x00",
    response_headers=(("B", "ü"),),
    response_body="é".encode(),
    response_chunks=(b"\xc3", b"\xa9"),
    chunk_times=(1, 20),
    ended="truncated",
    failure="it\nbroke",
    reason="OK",
    http_version="HTTP/1.1",
    recorded_at="2026-11-23T08:00:00Z",
)


def left_by_the_dead(path: Path, *interactions: Interaction) -> Path:
    """Write a journal as a process does that dies then; give its path."""
    journal = Journal(path)
    journal.write(line_of(n, i) for n, i in enumerate(interactions))
    assert journal.path is not None
    journal.close(keep=True)
    return journal.path


def test_a_journal_says_all_of_an_interaction(path: Path) -> None:
    """What is read is what was written, in the order of the numbers."""
    journal = Journal(path)
    journal.write([line_of(2, one("b"))])
    journal.write([line_of(1, EVERYTHING)])
    journal.close(keep=True)

    (left,) = left_journals(path)

    assert left.interactions == (EVERYTHING, one("b"))
    assert left.damaged == 0


def test_a_journal_of_the_living_is_theirs(path: Path) -> None:
    """Nobody takes over what a process still writes."""
    journal = Journal(path)
    journal.write([line_of(1, one("a"))])

    assert has_journals(path)
    assert left_journals(path) == []
    journal.close()
    assert not has_journals(path)


def test_a_journal_belongs_to_its_cassette_alone(tmp_path: Path) -> None:
    """Names with brackets are no patterns."""
    left_by_the_dead(tmp_path / "a[1].yaml", one("a"))

    assert not has_journals(tmp_path / "a1.yaml")
    assert not has_journals(tmp_path / "nowhere" / "a.yaml")
    assert len(left_journals(tmp_path / "a[1].yaml")) == 1


def test_a_line_that_failed_is_not_left_half(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written after a full disk has room again can be read."""
    journal = Journal(path)
    journal.write([line_of(1, one("a"))])
    write = os.write

    def full(handle: int, data: Any) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[:50])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(CassetteError, match="cannot be written: No space left"):
        journal.write([line_of(2, one("b"))])
    monkeypatch.undo()
    journal.write([line_of(3, one("c"))])
    journal.close(keep=True)

    (left,) = left_journals(path)
    assert names(left.interactions) == ["a", "c"]
    assert left.damaged == 0


def test_what_is_no_journal_is_left_alone(path: Path) -> None:
    """A folder with such a name is nobody's."""
    path.with_name(f".{path.name}.1234.journal").mkdir()

    assert left_journals(path) == []


@ON_POSIX
def test_where_there_are_no_locks_nobody_holds_one(path: Path) -> None:
    """A system that refuses is one that has none."""
    handle = os.open(path.parent, os.O_RDONLY)
    os.close(handle)

    assert not hold(handle)
    assert not saving_room._flocked(handle)


def test_every_truncation_of_a_journal(path: Path) -> None:
    """Whatever is cut off, each whole line is read, and no line is half read."""
    journal = left_by_the_dead(path, one("a"), one("b"))
    data = journal.read_bytes()
    ends = [n for n, byte in enumerate(data, 1) if byte == ord("\n")]

    for cut in range(len(data) + 1):
        journal.write_bytes(data[:cut])
        (left,) = left_journals(path)
        whole = sum(end <= cut for end in ends)

        assert names(left.interactions) == [*"ab"[:whole]]
        assert left.damaged == 0


def test_a_flipped_byte_damages_one_line_and_is_told(path: Path) -> None:
    """No entry is read that is not as it was written."""
    journal = left_by_the_dead(path, *map(one, "abc"))
    data = journal.read_bytes()
    draw = random.Random(7)  # noqa: S311  # a seed, so that it can be had again

    for _ in range(2_000 if LONG else 200):
        flipped = bytearray(data)
        flipped[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        journal.write_bytes(bytes(flipped))
        (left,) = left_journals(path)

        assert {*names(left.interactions)} < {*"abc"}
        assert left.damaged or flipped[-1] != ord("\n")


def test_a_damaged_journal_is_kept_aside(path: Path) -> None:
    """What can be read is taken over; the rest is for a person to look at."""
    journal = left_by_the_dead(path, *map(one, "ab"))
    journal.write_bytes(journal.read_bytes().replace(b"answer to a", b"answer to x"))

    with Tape(path, "new_episodes") as tape:
        assert names(tape.interactions) == ["b"]

    aside = journal.with_suffix(".damaged")
    assert aside.exists()
    assert f"{aside}: 1 of the exchanges" in tape.notes[0]
    assert names(load_cassette(path)) == ["b"]


def test_an_entry_of_another_version_is_damaged(path: Path) -> None:
    """A line that is whole, but says what no interaction has, is not guessed at."""
    journal = left_by_the_dead(path, one("a"))
    line = line_of(1, one("a")).partition(b" ")[2].rstrip().replace(b"status", b"state")
    from harness.cassettes.journals import _sum

    journal.write_bytes(b"%s %s\n" % (_sum(line), line))

    assert left_journals(path)[0].damaged == 1


@pytest.mark.parametrize(
    "line",
    [
        b'["1", {"method": "GET", "url": "u", "status": 200}]',
        b'[1, {"method": "GET", "url": "u", "status": 200, "request_body": {}}]',
        b'[1, {"method": "GET", "url": "u", "status": 200, "response_body": []}]',
        b'[1, {"method": "GET", "url": "u", "status": 200, "response_chunks": [9]}]',
        b"[" * 9_999,
    ],
)
def test_an_entry_of_another_shape_is_damaged(path: Path, line: bytes) -> None:
    """Only what would be written again as it stands is an exchange of ours."""
    journal = left_by_the_dead(path, one("a"))
    from harness.cassettes.journals import _sum

    with journal.open("ab") as file:
        file.write(b"%s %s\n" % (_sum(line), line))
    (left,) = left_journals(path)

    assert (len(left.interactions), left.damaged) == (1, 1)


def test_files_that_were_never_whole_are_swept(path: Path) -> None:
    """What a killed process was writing goes; what one just begins stays."""
    stale = path.with_name(f".{path.name}.1234.tmp")
    begun = path.with_name(f".{path.name}.1234.journal.tmp")
    old = path.with_name(f".{path.name}.5678.journal.tmp")
    for file in (stale, begun, old):
        file.touch()
    os.utime(old, (1, 1))

    forsaken(path)

    assert [*path.parent.iterdir()] == [begun]


@pytest.mark.parametrize("mode", ["none", "new_episodes"])
def test_files_that_were_never_whole_are_swept_without_a_journal(
    path: Path, mode: str
) -> None:
    """Whoever opens the cassette next does it."""
    save(path, [one("old")], OPEN)
    begun = path.with_name(f".{path.name}.5678.journal.tmp")
    path.with_name(f".{path.name}.1234.tmp").touch()
    begun.touch()
    os.utime(begun, (1, 1))

    Tape(path, mode).close()

    assert [*path.parent.iterdir()] == [path]


def test_a_journal_that_cannot_begin_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next line is tried anew."""
    journal = Journal(path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(CassetteError, match="cannot be written: No space left"):
            journal.write([line_of(1, one("a"))])
    assert [*path.parent.iterdir()] == []

    journal.write([line_of(1, one("a"))])
    journal.close(keep=True)
    assert names(left_journals(path)[0].interactions) == ["a"]


@ON_POSIX
def test_a_forked_process_writes_its_own_journal(path: Path) -> None:
    """What a child records is not lost with it, and does not end its parent's."""
    journal = Journal(path)
    journal.write([line_of(1, one("a"))])
    code = 0
    child = os.fork()
    if not child:
        try:
            journal.write([line_of(2, one("b"))])
        except BaseException:  # noqa: BLE001  # whatever it is, the parent hears of it
            code = 1
        os._exit(code)

    assert os.waitpid(child, 0)[1] == 0
    (left,) = left_journals(path)
    assert names(left.interactions) == ["b"]
    journal.close()


# ------------------------------------------------------------------- taking over


@pytest.mark.parametrize("mode", ["once", "new_episodes"])
def test_what_the_dead_recorded_goes_on(path: Path, mode: str) -> None:
    """It plays, the rest goes live, and all of it is saved in order."""
    left_by_the_dead(path, *map(one, "ab"))

    with Tape(path, mode) as tape:
        assert tape.answer(HttpRequest("POST", URL, (), b'"b"')) is not None
        record(tape, "c")

    assert names(load_cassette(path)) == ["a", "b", "c"]
    assert "2 exchanges that a killed process had recorded" in tape.notes[0]
    assert [*path.parent.iterdir()] == [path]


@pytest.fixture
def open_files_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody rename or remove a file that this process has open: as on Windows."""
    monkeypatch.setattr(journals_room, "_OPEN_FILES_MOVE", False)

    def opened() -> Iterator[os.stat_result]:
        for handle in range(3, 200):
            with contextlib.suppress(OSError):
                yield os.fstat(handle)

    def refused(function: Callable[..., None]) -> Callable[..., None]:
        def called(path: Path, *more: Path) -> None:
            if any(os.path.samestat(one, path.lstat()) for one in opened()):
                raise PermissionError(errno.EACCES, "in use", str(path))
            function(path, *more)

        return called

    for name in ("replace", "rename", "unlink", "remove"):
        monkeypatch.setattr(os, name, refused(getattr(os, name)))


@ON_POSIX
@pytest.mark.usefixtures("open_files_stay")
def test_no_open_file_is_moved(path: Path) -> None:
    """A recording begins, takes over and is saved where files cannot be, as they are.

    A journal that somebody begins, who does not hold it yet, is left where it is.
    """
    left_by_the_dead(path, one("dead"))
    begun = path.with_name(f".{path.name}.5678.journal")
    with begun.open("wb"):
        tape = Tape(path, "new_episodes", redaction=OPEN)
        record(tape, "new")
        tape.close()

    assert names(load_cassette(path)) == ["dead", "new"]
    assert {*path.parent.iterdir()} == {path, begun}


def test_what_the_dead_recorded_is_old_to_a_new_recording(path: Path) -> None:
    """Mode all replaces what is asked again, rewrite drops the rest."""
    left_by_the_dead(path, *map(one, "ab"))
    with Tape(path, "all") as tape:
        record(tape, "b")
    assert names(load_cassette(path)) == ["a", "b"]

    left_by_the_dead(path, one("x"))
    with Tape(path, "rewrite") as tape:
        record(tape, "c")
    assert names(load_cassette(path)) == ["c"]


def test_rewrite_that_records_nothing_keeps_what_the_dead_recorded(path: Path) -> None:
    """A run that asked nothing drops nothing."""
    left_by_the_dead(path, one("a"))
    Tape(path, "rewrite").close()

    assert names(load_cassette(path)) == ["a"]


def test_a_mode_that_records_nothing_tells_of_the_dead(path: Path) -> None:
    """In the notes and in the miss; the journal stays."""
    journal = left_by_the_dead(path, one("a"))
    tape = Tape(path)
    told = f"{journal}: a killed process left 1 recorded exchanges."

    with pytest.raises(UnrecordedRequest) as caught:
        tape.answer(HttpRequest("POST", URL, (), b'"a"'))

    assert told in str(caught.value)
    assert told in tape.notes[0]
    assert journal.exists()


def test_a_journal_that_was_saved_is_not_saved_twice(path: Path) -> None:
    """A process killed between saving and removing its journal does no harm."""
    save(path, [one("a"), one("b"), one("b")], OPEN)
    left_by_the_dead(path, *map(one, "bbc"))

    Tape(path, "new_episodes").close()

    assert names(load_cassette(path)) == ["a", "b", "b", "c"]


def test_what_was_taken_over_and_left_again_is_there_once(path: Path) -> None:
    """A process killed while it takes over a journal leaves two that say the same."""
    left_by_the_dead(path, one("a"), one("a"))
    left_by_the_dead(path, one("a"), one("a"), one("b"))

    Tape(path, "new_episodes").close()

    assert names(load_cassette(path)) == ["a", "a", "b"]


class Forgetful:
    """Hides nothing, and sees all that the default rules see."""

    def redact(self, interaction: Interaction) -> Interaction:
        return interaction

    def redact_request(self, *said: Any) -> Any:
        return said

    def scan(self, text: str) -> Any:
        return Redaction.default().scan(text)


def test_a_journal_holds_no_secret_that_a_file_would_not(path: Path) -> None:
    """What is scanned before it is kept is what will stand in the file."""
    tape = Tape(path, "new_episodes", redaction=Forgetful())
    asked = HttpRequest("POST", URL, (("x-api-key", "8d1c0b7a4f"),), b"")
    exchange = tape.recording(asked)
    exchange.response(200, [])
    exchange.end()

    kept = [*path.parent.iterdir()]
    with pytest.raises(CassetteError, match=r"not saved.*\n.*8d1"):
        tape.close()

    assert kept == [*path.parent.iterdir()] == []


def test_what_a_rewrite_brings_along_is_scanned(path: Path) -> None:
    """Only what this recorder has scanned itself is taken for clean."""
    save(path, [one("a")], OPEN)
    bad = replace(one("b"), request_headers=(("x-api-key", "8d1c0b7a4f"),))
    before = path.read_bytes()

    with pytest.raises(CassetteError, match=r"line [0-9]+: secret"):
        save(path, [one("a"), bad], Forgetful(), current=[one("a")], clean={})

    assert path.read_bytes() == before


def test_what_is_added_does_not_hide_an_edit(path: Path) -> None:
    """The seal of a file stands for those of its interactions, if they are right."""
    save(path, [one("a"), one("b")], OPEN)
    whole = path.read_text("utf-8")
    path.write_text(whole.replace("answer to b", "answer to B"), "utf-8")

    with pytest.warns(CassetteWarning, match="interaction 2 .* was changed"):
        tape = Tape(path, "new_episodes")
    record(tape, "c")
    tape.close()

    with pytest.warns(CassetteWarning, match="interaction 2 .* was changed") as said:
        found = load_cassette(path)
    assert [one.sealed for one in found] == [True, False, True]
    assert len(said) == 1


def test_what_is_added_is_sealed_with_the_rest(path: Path) -> None:
    """A file that has grown is, letter for letter, one that was written at once."""
    save(path, [one("a"), one("b")], OPEN)

    save(path, [*load_cassette(path), one("c")], OPEN, current=load_cassette(path))

    grown = path.read_text("utf-8")
    save(path, [one("a"), one("b"), one("c")], OPEN)
    assert grown == path.read_text("utf-8")


def test_equal_exchanges_are_counted() -> None:
    """What is there twice is added a third time."""
    assert names(added([one("a")], [one("a"), one("a"), one("b")])) == ["a", "a", "b"]


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_recorded_again_just_the_same_stays(path: Path, count: int) -> None:
    """Mode "all" may record within a second what was there, to the millisecond."""
    recorded = [one(f"{n}") for n in range(count)]
    save(path, recorded, Redaction.default())
    text = path.read_bytes()

    save(path, recorded, Redaction.default(), current=load_cassette(path))

    assert path.read_bytes() == text


def test_a_cassette_that_is_damaged_meanwhile_is_not_replaced(path: Path) -> None:
    """What was recorded stays in the journal until the file can be read again."""
    save(path, [one("old")], OPEN)
    good = path.read_bytes()
    tape = Tape(path, "new_episodes")
    record(tape, "new")
    path.write_bytes(b"<<<<<<< ours\n")

    with pytest.raises(CassetteError, match="merge conflict") as caught:
        tape.close()
    assert "the next run that records takes it over" in str(caught.value)
    assert path.read_bytes() == b"<<<<<<< ours\n"
    path.write_bytes(good)
    Tape(path, "new_episodes").close()
    assert names(load_cassette(path)) == ["old", "new"]
