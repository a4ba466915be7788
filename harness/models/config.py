"""What a caller can say about one run of a model, beside its input."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from typing import Any
from uuid import UUID

from harness.errors import InputError, nearest, shown
from harness.models.callbacks import checked

__all__ = ["ConfigLike", "RunConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Tags, metadata and callbacks of a run; how many of a batch run, and where.

    *executor* is any `concurrent.futures.Executor`: a batch runs in its threads, or
    what blocks (live models, and yours that say so) in its processes, on whatever
    machine they are; a single call does not look at it. Pickled, a config leaves it
    behind. *max_concurrency* is how many runs it is given at once: all, if None.
    *run_name* and *run_id* are what callbacks and events call the run; *configurable*
    is carried along, for whoever reads the config. Raises InputError for values of
    another type.

    >>> RunConfig.of({"tags": ["a"], "max_concurrency": 5}).max_concurrency
    5
    """

    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    callbacks: tuple[Any, ...] = ()
    run_name: str | None = None
    run_id: UUID | str | None = None
    max_concurrency: int | None = None
    configurable: Mapping[str, Any] = field(default_factory=dict, hash=False)
    executor: Executor | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name, kinds in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise _unwanted(name, value)
        if not all(isinstance(tag, str) for tag in self.tags):
            raise _unwanted("tags", self.tags)
        if self.max_concurrency is not None and self.max_concurrency < 1:
            raise InputError(
                f"config['max_concurrency'] is {self.max_concurrency}; at least 1 call "
                "has to run."
            )
        for name, copied in _COPIED.items():
            object.__setattr__(self, name, copied(getattr(self, name)))

    @classmethod
    def of(cls, config: "ConfigLike") -> "RunConfig":
        """A RunConfig out of one, out of a dict, or out of None; else InputError."""
        if config is None:
            return _EMPTY
        if isinstance(config, RunConfig):
            return config
        if not isinstance(config, Mapping):
            raise InputError(
                f"config is {shown(config)}. Give a dict such as {{'tags': ['a'], "
                "'max_concurrency': 5}, or a RunConfig."
            )
        known = [f.name for f in fields(cls)]
        if unknown := [key for key in config if key not in known]:
            raise InputError(
                f"config has no {unknown[0]!r}. {nearest(str(unknown[0]), known)}"
            )
        return cls(**{k: v for k, v in config.items() if v is not None})

    def merged(self, other: "RunConfig") -> "RunConfig":
        """This config with *other* on top: lists add up, single values replace."""
        if other is _EMPTY:
            return self
        if self is _EMPTY:
            return other
        return RunConfig(
            tags=tuple(dict.fromkeys((*self.tags, *other.tags))),
            metadata={**self.metadata, **other.metadata},
            callbacks=(*self.callbacks, *other.callbacks),
            run_name=other.run_name or self.run_name,
            run_id=self.run_id if other.run_id is None else other.run_id,
            max_concurrency=other.max_concurrency or self.max_concurrency,
            configurable={**self.configurable, **other.configurable},
            executor=self.executor if other.executor is None else other.executor,
        )

    def alone(self) -> "RunConfig":
        """The same without what belongs to this process: callbacks and executor."""
        return replace(self, callbacks=(), executor=None)

    def __reduce__(self) -> tuple[Any, ...]:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return _read, ({**given, "executor": None},)


def _read(given: Mapping[str, Any]) -> RunConfig:
    """A config again; cloudpickle would send a method of the class by its source."""
    return RunConfig(**given)


def _unwanted(name: str, value: object) -> InputError:
    return InputError(f"config[{name!r}] is {shown(value)}; give {_WANTED[name]}.")


#: What is taken wherever a config is: a RunConfig, a dict of its fields, or None.
ConfigLike = RunConfig | Mapping[str, Any] | None

_KINDS: dict[str, tuple[type, ...]] = {
    "tags": (list, tuple),
    "metadata": (Mapping,),
    "callbacks": (list, tuple),
    "run_name": (str, type(None)),
    "run_id": (UUID, str, type(None)),
    "max_concurrency": (int, type(None)),
    "configurable": (Mapping,),
    "executor": (Executor, type(None)),
}
_WANTED = {
    "tags": "a list of strings",
    "metadata": "a dict",
    "callbacks": "a list of callback handlers",
    "run_name": "a string",
    "run_id": "a UUID or a string",
    "max_concurrency": "a whole number from 1 up",
    "configurable": "a dict",
    "executor": "a concurrent.futures.Executor, such as ProcessPoolExecutor() or "
    "Dask's client.get_executor()",
}
_COPIED: dict[str, Callable[[Any], Any]] = {
    "tags": tuple,
    "metadata": dict,
    "callbacks": checked,
    "configurable": dict,
}
_EMPTY = RunConfig()


def configs_for(
    config: ConfigLike | Sequence[ConfigLike], count: int
) -> list[RunConfig]:
    """One config for each of *count* inputs; a list must have as many."""
    if not isinstance(config, Sequence):
        shared = RunConfig.of(config)
        if shared.run_id is not None and count > 1:
            raise InputError(
                f"One run_id cannot name {count} runs. Give a list of {count} configs."
            )
        return [shared] * count
    if len(config) != count:
        raise InputError(
            f"{count} inputs but {len(config)} configs; give one for each."
        )
    return [RunConfig.of(one) for one in config]
