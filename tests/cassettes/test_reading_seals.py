"""Damage and edits of cassettes that we wrote: told, whatever they are."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cassettes import (
    Interaction,
    load_cassette,
    read_cassette,
    write_cassette,
)
from harness.cassettes.resealing import reseal
from harness.errors import CassetteError, CassetteWarning, InputError

HEADERS = (("content-type", "application/json"), ("x", "1"), ("y", "2"), ("x", "3"))
SSE = b'data: {"a": 1}\n\ndata: {"b": 2}\n\ndata: [DONE]\n\n'
ANSWERS = (
    SSE,
    b'{"ok": true, "n": [1, 2]}\n',
    b"\x1f\x8b\x08binary\xff" * 9,
    b'data: {"a": 1}\r\n\r\n data: x \r\n\r\n',
    b"",
)


def recorded(n: int) -> Interaction:
    """Give an interaction that uses all that a file can say."""
    asked = json.dumps({"messages": [{"content": f"é {n}"}], "t": 1.0}).encode()
    body = ANSWERS[n]
    return Interaction(
        "POST",
        "https://a.b/v1/chat/completions",
        200,
        request_headers=(*HEADERS, ("content-length", str(len(asked)))),
        request_body=asked,
        response_headers=HEADERS,
        response_body=body,
        response_chunks=(body[:5], body[5:]),
        chunk_times=(3, 9),
        ended="truncated" if n == 1 else "complete",
        failure="" if n else "ReadTimeout: slow",
        reason="OK",
        http_version="HTTP/1.1",
        recorded_at="2026-11-24T10:00:00Z",
    )


WHOLE = tuple(map(recorded, range(len(ANSWERS))))
TEXT = write_cassette(WHOLE)


EDITED = TEXT.replace('"n": [\n', '"m": [\n')


def test_an_edit_is_read_and_told() -> None:
    """The answer is as it was edited; file, line and how to seal it are told."""
    with pytest.warns(CassetteWarning) as said:
        found = read_cassette(EDITED, "c.yaml")

    line = EDITED.split("- request:")[1].count("\n") + 2
    (message,) = [str(one.message) for one in said]
    assert message == (
        f"c.yaml, interaction 2 (line {line}) (POST https://a.b/v1/chat/completions) "
        "was changed after it was recorded (wrong seal). If that is wanted, seal it "
        "again: harness seal c.yaml. Else: Restore the file from version control, or "
        "record it again."
    )
    assert found[1].response_body == b'{"ok": true, "m": [1, 2]}\n'
    assert [one.sealed for one in found] == [True, False, True, True, True]


def test_an_edit_is_an_error_on_request() -> None:
    """With seals="error" it is refused, with "ignore" nothing is said."""
    with pytest.raises(CassetteError, match=r"interaction 2 .*harness seal c\.yaml"):
        read_cassette(EDITED, "c.yaml", seals="error")

    assert len(read_cassette(EDITED, seals="ignore")) == len(WHOLE)


def test_what_to_do_about_seals_is_checked() -> None:
    """A word that is none is an error that lists those there are."""
    with pytest.raises(InputError, match="Known: 'error', 'ignore', 'warn'"):
        read_cassette(TEXT, seals="no")  # type: ignore[arg-type]


def test_an_edited_stream_loses_its_borders() -> None:
    """Chunks that are no longer the body's are dropped, a single one is kept."""
    edited = TEXT.replace('{"b": 2}', '{"b": 23}')
    single = replace(WHOLE[0], response_chunks=(SSE,), chunk_times=(7,))
    edited_single = write_cassette([single]).replace('{"b": 2}', '{"b": 23}')

    first = read_cassette(edited, seals="ignore")[0]
    (second,) = read_cassette(edited_single, seals="ignore")

    assert (first.response_chunks, first.chunk_times) == (None, None)
    assert second.response_chunks == (SSE.replace(b"2", b"23"),)
    assert second.chunk_times == (7,)


def test_an_edited_request_has_its_length() -> None:
    """The content-length of JSON is that of what is sent, not of what is shown."""
    edited = TEXT.replace("é 0", "éé 000")

    found = read_cassette(edited, seals="ignore")[0]

    assert dict(found.request_headers)["content-length"] == str(len(found.request_body))


def test_an_edit_is_sealed(tmp_path: Path) -> None:
    """Sealed again it reads without a word; comments at the start stay."""
    path = tmp_path / "a.yaml"
    path.write_text(f"# Edited by hand.\n{EDITED}", "utf-8")

    changed = reseal(path)

    assert [one.place for one in changed] == [f"{path}, interaction 2 (line 45)"]
    assert path.read_text("utf-8").startswith("# Edited by hand.\ninteractions:\n")
    assert load_cassette(path, seals="error")[1].response_body == (
        b'{"ok": true, "m": [1, 2]}\n'
    )
    assert reseal(path) == ()
    assert [*tmp_path.iterdir()] == [path]


def test_what_cannot_be_sealed(tmp_path: Path) -> None:
    """A file that is damaged stays as it is."""
    path = tmp_path / "a.yaml"
    path.write_text("interactions: 3\n")

    with pytest.raises(CassetteError, match="not a list"):
        reseal(path)

    assert path.read_text() == "interactions: 3\n"


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch) -> None:
    """The system's reason is told, and nothing is left behind."""
    path = tmp_path / "a.yaml"
    path.write_text(EDITED, "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(CassetteError, match=r"cannot be saved: No space left"):
        reseal(path)

    assert path.read_text("utf-8") == EDITED
    assert [*tmp_path.iterdir()] == [path]


def test_an_interaction_added_by_hand() -> None:
    """Without a seal it is told as such, and so is one that was taken out."""
    unsealed = "\n".join(line for line in TEXT.split("\n") if "seal:" not in line)
    fewer = write_cassette(WHOLE[:2]).replace("count: 2", "count: 3")

    with pytest.raises(CassetteError, match="has no seal: it was not recorded so"):
        read_cassette(unsealed, seals="error")
    with pytest.raises(CassetteError, match="it has 3 interactions, and has 2"):
        read_cassette(fewer, seals="error")


def test_what_is_recorded_may_be_damaged() -> None:
    """Values of a wrong type are left out, and told by the seal."""
    damaged = (
        TEXT.replace('["content-type", "x", "y", "x"]', "3")
        .replace("ended: truncated", "ended: [1]")
        .replace("chunks: [[5, 3], ", "chunks: [[5, x], ")
    )

    with pytest.warns(CassetteWarning, match="wrong seal"):
        found = read_cassette(damaged)

    assert {one.response_chunks for one in found[:4]} == {None}
    assert found[1].ended == "complete"
    assert [name for name, _ in found[0].response_headers] == [
        "content-type",
        "x",
        "x",
        "y",
    ]
