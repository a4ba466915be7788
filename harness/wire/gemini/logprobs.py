"""Log probabilities: Gemini's two lists, and the one list that others have."""

from typing import Any

__all__ = ["read_logprobs", "write_logprobs"]


def read_logprobs(said: dict[str, Any]) -> dict[str, Any]:
    """What *said*, a logprobsResult, says of each token, in the common form.

    What does not have it (lists that do not match) is left as it is.

    >>> said = {"chosenCandidates": [{"token": "a", "logProbability": -0.5}]}
    >>> read_logprobs(said)
    {'content': [{'token': 'a', 'logprob': -0.5}]}
    """
    match said:
        case {"chosenCandidates": list(chosen), "topCandidates": list(tops)}:
            pairs = [*zip(chosen, tops, strict=False)]
            if len(chosen) != len(tops) or not all(_fits(*pair) for pair in pairs):
                return said
            return {
                "content": [
                    {
                        **_token(c),
                        "top_logprobs": [_token(t) for t in top["candidates"]],
                    }
                    for c, top in pairs
                ]
            }
        case {"chosenCandidates": list(chosen)} if all(map(_is_token, chosen)):
            return {"content": [_token(item) for item in chosen]}
        case _:
            return said


def write_logprobs(logprobs: Any) -> dict[str, Any]:
    """The logprobsResult that says *logprobs*; empty where there are none.

    >>> write_logprobs({"content": [{"token": "a", "logprob": -0.5}]})
    {'chosenCandidates': [{'token': 'a', 'logProbability': -0.5}]}
    """
    if not isinstance(logprobs, dict):
        return {}
    content = logprobs.get("content")
    if not (isinstance(content, list) and all(map(_is_written, content))):
        return {k: v for k, v in logprobs.items() if k.endswith("Candidates")}
    tops = [item.get("top_logprobs") for item in content]
    written: dict[str, Any] = {"chosenCandidates": [_written(item) for item in content]}
    if any(isinstance(top, list) for top in tops):
        written["topCandidates"] = [
            {"candidates": [_written(item) for item in top or () if _is_written(item)]}
            for top in tops
        ]
    return written


def _fits(chosen: Any, top: Any) -> bool:
    match top:
        case {"candidates": list(items)} if len(top) == 1:
            return _is_token(chosen) and all(map(_is_token, items))
        case _:
            return False


def _is_token(item: Any) -> bool:
    return isinstance(item, dict) and {"token", "logProbability"} <= item.keys()


def _is_written(item: Any) -> bool:
    return isinstance(item, dict) and {"token", "logprob"} <= item.keys()


def _token(item: dict[str, Any]) -> dict[str, Any]:
    rest = {k: v for k, v in item.items() if k not in ("token", "logProbability")}
    return {"token": item["token"], "logprob": item["logProbability"], **rest}


def _written(item: dict[str, Any]) -> dict[str, Any]:
    said = {"token": item["token"], "logProbability": item["logprob"]}
    return {**said, **({"tokenId": item["tokenId"]} if "tokenId" in item else {})}
