"""How deeply a YAML text is nested: what composes nodes in C dies of too deep ones."""

from typing import Any

__all__ = ["too_deep"]

_DEEPEST = 200
_OPENING = "[{-:?"  # without these there is no value in another
_STEPS = {
    "MappingStartEvent": 1,
    "SequenceStartEvent": 1,
    "MappingEndEvent": -1,
    "SequenceEndEvent": -1,
}


def too_deep(text: str, loader: Any) -> int | None:
    """The line where *text*, as *loader* reads it, is nested too deeply, if it is.

    What is no YAML is not told of: who reads it will.

    >>> import yaml
    >>> too_deep("a: [[x]]", yaml.SafeLoader)
    >>> too_deep("[" * 999, yaml.SafeLoader)
    1
    """
    import yaml

    if sum(map(text.count, _OPENING)) < _DEEPEST:
        return None
    depth = 0
    try:
        for event in yaml.parse(text, loader):
            depth += _STEPS.get(type(event).__name__, 0)
            if depth > _DEEPEST:
                mark: Any = event.start_mark
                return int(mark.line) + 1
    except (yaml.YAMLError, ValueError):
        return None
    return None
