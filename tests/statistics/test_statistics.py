"""What recordings are made of, counted."""

import json
from pathlib import Path

import pytest

from harness.cassettes import Interaction
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.statistics import File, read_files, statistics_of, statistics_value
from harness.statistics.files import found_files
from harness.statistics.tallies import quantile
from harness.steps import Fault
from harness.transcripts import transcript_of

ROOT = Path(__file__).parents[2]
USAGE = {
    "input_tokens": 10,
    "output_tokens": 20,
    "total_tokens": 30,
    "input_token_details": {"cache_read": 4},
    "output_token_details": {"reasoning": 5},
}


def said(model: str, *, at: str, first: int = 100) -> Interaction:
    """Give a recorded stream that calls a tool, and ends a second after its begin."""
    asked = ChatRequest((HumanMessage("?"),), model=model, stream=True)
    call = {"name": "f", "args": {}, "id": "c"}
    steps = [
        AIMessageChunk("Hm"),
        AIMessageChunk(tool_calls=[call], usage_metadata=USAGE, chunk_position="last"),
    ]
    return conversation(asked, steps, [first, first + 1000], recorded_at=at)


def counted(*interactions: Interaction):
    """Give the statistics of a cassette."""
    return statistics_of(
        [File(Path("a.yaml"), 1234, transcript_of(interactions, "a.yaml"))]
    )


def test_all_is_counted():
    """Exchanges, tokens, tools, times, ages; as a whole and by model."""
    fault = conversation(
        ChatRequest((HumanMessage("?"),), model="b"),
        [Fault("slow down", status=429)],
        [0],
    )
    other = Interaction("GET", "https://a.b/models", 404)
    found = counted(
        said("a", at="2026-02-01T00:00:00Z"),
        said("a", at="2026-01-01T00:00:00Z", first=300),
        fault,
        other,
    )

    value = statistics_value(found)
    total = value["total"]
    assert json.loads(json.dumps(value)) == value
    assert (total["exchanges"], total["chats"], total["streams"]) == (4, 3, 2)
    assert total["statuses"] == {"404": 1}
    assert total["faults"] == {"rate_limit": 1}
    assert total["tools"] == {"f": 2}
    assert total["tokens"] == {
        "input": 20,
        "output": 40,
        "cached": 8,
        "reasoning": 10,
    }
    assert total["first_ms"] == {"median": 100, "p95": 300}
    assert total["tokens_per_second"] == {"median": 20, "p95": 20}
    assert (total["oldest"], total["newest"]) == (
        "2026-01-01T00:00:00Z",
        "2026-02-01T00:00:00Z",
    )
    models = {name: one["exchanges"] for name, one in value["by"]["model"].items()}
    hosts = {name: one["exchanges"] for name, one in value["by"]["host"].items()}
    assert models == {"a": 2, "b": 1, "": 1}
    assert hosts == {"": 3, "a.b": 1}
    assert value["by"]["file"]["a.yaml"] == total
    assert (value["size"], value["files"]) == (1234, [{"path": "a.yaml", "size": 1234}])


def test_groups_add_up():
    """Whatever exchanges are counted by, none is lost."""
    found = statistics_of(read_files(found_files([ROOT / "cassettes"])))

    for tallies in found.groups.values():
        assert sum(one.exchanges for one in tallies.values()) == found.total.exchanges


def test_scripts_are_counted_apart():
    """They are no recordings; schemas are not looked at."""
    found = statistics_of(read_files(found_files([ROOT / "fakes"])))

    assert (found.scripts, found.turns, found.total.exchanges) == (1, 4, 0)
    assert found.damaged == ()


def test_damaged_files_are_told(tmp_path):
    """They have a reason and a size, and count for nothing else."""
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "good.yaml").write_text("interactions: []\nversion: 1\n")

    found = statistics_of(read_files(found_files([tmp_path, tmp_path / "bad.yaml"])))
    assert [file.path.name for file in found.files] == ["good.yaml"]
    assert [(file.path.name, file.size) for file in found.damaged] == [("bad.yaml", 2)]
    assert "is no UTF-8" in found.damaged[0].problem
    assert found.size == 2 + found.files[0].size


def test_a_file_that_is_gone():
    """Between looking and reading anything may happen."""
    [file] = read_files([Path("nowhere.yaml")])

    assert file.problem == "nowhere.yaml: No such file or directory."


def test_paths_that_there_are_not():
    """They are a mistake, told at once."""
    with pytest.raises(InputError, match="There is no file or folder 'nowhere'"):
        found_files(["nowhere"])


@pytest.mark.parametrize(
    ("values", "part", "found"),
    [([], 0.5, None), ([7.0], 0.5, 7.0), ([7.0], 0.95, 7.0), ([4, 1, 3, 2], 0.5, 2)],
)
def test_quantiles(values, part, found):
    """They are values that there are; nothing has none."""
    assert quantile(values, part) == found
