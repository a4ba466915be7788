"""What a caller can say about a run, in any form, checked."""

from uuid import UUID

import pytest

from harness.errors import InputError
from harness.models import CallbackHandler, RunConfig
from harness.models.config import configs_for


def test_nothing_is_the_empty_config():
    """None and an empty dict say nothing."""
    assert RunConfig.of(None) == RunConfig.of({}) == RunConfig()


def test_a_dict_is_a_config():
    """A dict of the fields is as good as a RunConfig; None leaves a field open."""
    handler = CallbackHandler()

    config = RunConfig.of(
        {
            "tags": ["a"],
            "metadata": {"k": 1},
            "callbacks": [handler],
            "run_name": "main",
            "run_id": UUID(int=1),
            "max_concurrency": 5,
            "configurable": {"thread_id": "t"},
        }
    )

    assert config == RunConfig(
        tags=("a",),
        metadata={"k": 1},
        callbacks=(handler,),
        run_name="main",
        run_id=UUID(int=1),
        max_concurrency=5,
        configurable={"thread_id": "t"},
    )
    assert RunConfig.of({"tags": None}) == RunConfig()
    assert RunConfig.of(config) is config


def test_a_config_shares_nothing():
    """What the caller changes later does not change the config."""
    tags, metadata = ["a"], {"k": 1}
    config = RunConfig.of({"tags": tags, "metadata": metadata})

    tags.append("b")
    metadata["k"] = 2

    assert (config.tags, config.metadata) == (("a",), {"k": 1})


def test_configs_merge():
    """Lists and dicts add up, single values are replaced by later ones."""
    one, two = CallbackHandler(), CallbackHandler()
    first = RunConfig(
        tags=("a", "b"),
        metadata={"x": 1, "y": 1},
        callbacks=(one,),
        run_name="n",
        run_id="id",
        max_concurrency=1,
        configurable={"p": 1, "q": 1},
    )
    later = RunConfig(
        tags=("b", "c"),
        metadata={"y": 2},
        callbacks=(two,),
        run_name="m",
        run_id="jd",
        max_concurrency=2,
        configurable={"q": 2},
    )

    assert first.merged(later) == RunConfig(
        tags=("a", "b", "c"),
        metadata={"x": 1, "y": 2},
        callbacks=(one, two),
        run_name="m",
        run_id="jd",
        max_concurrency=2,
        configurable={"p": 1, "q": 2},
    )
    assert later.merged(RunConfig(tags=("z",))).run_name == "m"
    assert later.merged(RunConfig(tags=("z",))).run_id == "jd"


def test_the_empty_config_is_neutral():
    """Merged with nothing, a config is itself."""
    nothing, config = RunConfig.of(None), RunConfig(tags=("a",))

    assert nothing.merged(config) is config
    assert config.merged(nothing) is config


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (
            3,
            (
                "config is 3. Give a dict such as {'tags': ['a'], 'max_concurrency': "
                "5}, "
                "or a RunConfig."
            ),
        ),
        ([], "config is []. Give a dict"),
        (
            {"tag": ["a"]},
            (
                "config has no 'tag'. Did you mean 'tags'? Known: 'callbacks', "
                "'configurable', 'executor', 'max_concurrency', 'metadata', 'run_id', "
                "'run_name', 'tags'."
            ),
        ),
        ({3: 4}, "config has no 3. Known: 'callbacks'"),
        ({"tags": "a"}, "config['tags'] is 'a'; give a list of strings."),
        ({"tags": [1]}, "config['tags'] is [1]; give a list of strings."),
        ({"metadata": []}, "config['metadata'] is []; give a dict."),
        ({"callbacks": 3}, "config['callbacks'] is 3; give a list of callback"),
        ({"callbacks": [3]}, "3 is no callback handler: it has none of on_chat_model_"),
        ({"run_name": 3}, "config['run_name'] is 3; give a string."),
        ({"run_id": 3}, "config['run_id'] is 3; give a UUID or a string."),
        (
            {"max_concurrency": "5"},
            "config['max_concurrency'] is '5'; give a whole number from 1 up.",
        ),
        ({"max_concurrency": 1.5}, "config['max_concurrency'] is 1.5; give a whole"),
        ({"max_concurrency": True}, "config['max_concurrency'] is True; give a whole"),
        (
            {"max_concurrency": 0},
            "config['max_concurrency'] is 0; at least 1 call has to run.",
        ),
        ({"configurable": 3}, "config['configurable'] is 3; give a dict."),
        (
            {"executor": 4},
            "config['executor'] is 4; give a concurrent.futures.Executor, such as",
        ),
    ],
    ids=str,
)
def test_what_is_no_config(config, text):
    """The error names the field, its value and what it takes."""
    with pytest.raises(InputError) as caught:
        RunConfig.of(config)

    assert str(caught.value).startswith(text)


def test_one_config_is_for_all_of_a_batch():
    """One config holds for every input, a list has one for each."""
    config = RunConfig(tags=("a",))

    assert configs_for({"tags": ["a"]}, 2) == [config, config]
    assert configs_for([{"tags": ["a"]}, None], 2) == [config, RunConfig()]
    assert configs_for({"run_id": "x"}, 1) == [RunConfig(run_id="x")]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (
            {"run_id": "x"},
            "One run_id cannot name 2 runs. Give a list of 2 configs.",
        ),
        ([None], "2 inputs but 1 configs; give one for each."),
    ],
    ids=str,
)
def test_configs_that_do_not_fit_a_batch(config, text):
    """A list of configs has one for each input, and an id names one run."""
    with pytest.raises(InputError) as caught:
        configs_for(config, 2)

    assert str(caught.value) == text
