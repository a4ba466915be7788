"""What is bound to a model arrives in every request it makes."""

import pytest

from harness.errors import InputError, SchemaError
from harness.messages import HumanMessage
from harness.models.binding import Binding, merge_tools
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec, tool_spec

HELLO = (HumanMessage("Hello"),)
SEARCH = {"name": "search", "description": "Find.", "parameters": {}}
ADD = {"name": "add", "description": "Sum.", "parameters": {}}


def names(binding):
    return [tool.name for tool in binding.tools]


def test_nothing_given_is_nothing_changed():
    """A binding with nothing on top is itself."""
    binding = Binding()

    assert binding.bound({}) is binding


def test_everything_that_is_bound_is_requested():
    """Each field of a request can be bound."""
    binding = Binding().bound(
        {
            "tools": [SEARCH],
            "strict": True,
            "tool_choice": "search",
            "parallel_tool_calls": False,
            "response_format": {"type": "json_object"},
            "stop": "END",
            "model": "m-1",
            "temperature": 0.5,
        }
    )

    request = binding.request("Hello", stream=True)

    assert request == ChatRequest(
        HELLO,
        tools=binding.tools,
        tool_choice=ToolChoice("tool", "search"),
        parallel_tool_calls=False,
        response_format=ResponseFormat("json_object"),
        stop=("END",),
        model="m-1",
        params={"temperature": 0.5},
        stream=True,
    )
    assert request.tools[0].strict is True


def test_tools_add_up():
    """Binding twice keeps both, and a choice made before."""
    binding = Binding().bound({"tools": [SEARCH], "tool_choice": "any"})

    further = binding.bound({"tools": [ADD]})

    assert names(further) == ["search", "add"]
    assert further.choice == ToolChoice("any")
    assert names(binding) == ["search"]


def test_the_same_tool_twice_is_one():
    """A tool may be bound again as it is."""
    binding = Binding().bound({"tools": [SEARCH]}).bound({"tools": [SEARCH]})

    assert names(binding) == ["search"]


def test_none_takes_back():
    """A value of None takes back what was bound before."""
    bound = {"stop": ["a"], "model": "m", "seed": 1, "parallel_tool_calls": True}
    binding = Binding().bound({**bound, "tools": [ADD], "tool_choice": "add"})

    taken = binding.bound({**dict.fromkeys(bound), "tool_choice": None})

    assert taken == Binding(binding.tools)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"tools": "search"}, "tools is 'search'; give a list of tools."),
        ({"tools": SEARCH}, "tools is {'name': 'search'"),
        ({"tools": None}, "tools is None; give a list of tools."),
        ({"tools": {1}}, "tools is {1}; give a list of tools."),
        (
            {"tools": [SEARCH], "strict": "yes"},
            "strict is 'yes'; it is True, False or None.",
        ),
        (
            {"parallel_tool_calls": "no"},
            "parallel_tool_calls is 'no'; it is True, False or None.",
        ),
        ({"stop": 3}, "stop is 3; give a list of strings, none empty."),
        ({"stop": [""]}, "stop is ['']; give a list of strings, none empty."),
        ({"stop": ["a", 1]}, "stop is ['a', 1]; give a list of strings, none empty."),
        ({"model": 3}, "model is 3; give the model's name."),
        ({"response_format": 3}, "3 says no response format."),
        (
            {"tools": [SEARCH, ADD], "tool_choice": "serch"},
            (
                "tool_choice 'serch' is not bound. Did you mean 'search'? Known: "
                "'add', "
                "'search'."
            ),
        ),
        (
            {"tool_choice": "search"},
            "tool_choice 'search' is not bound. There is none.",
        ),
        (
            {"tool_choice": "any"},
            "tool_choice 'any' asks for a call, but no tool is bound.",
        ),
        ({"tool_choice": 3}, "tool_choice 3 is not understood."),
    ],
    ids=str,
)
def test_what_cannot_be_bound(given, text):
    """The error comes when binding, and shows the value."""
    with pytest.raises(InputError) as caught:
        Binding().bound(given)

    assert str(caught.value).startswith(text)


def test_two_tools_of_one_name():
    """A second tool of the same name is an error that shows both."""
    binding = Binding().bound({"tools": [SEARCH]})

    with pytest.raises(SchemaError, match="two different tools are both called"):
        binding.bound({"tools": [{**SEARCH, "description": "Other."}]})


ASKED = ChatRequest(
    HELLO,
    tools=(ToolSpec("add"),),
    tool_choice=ToolChoice("any"),
    parallel_tool_calls=True,
    response_format=ResponseFormat("text"),
    stop=("a",),
    model="one",
    params={"seed": 1, "top_p": 1},
)


def test_a_request_is_adopted_as_it_is():
    """A model with nothing bound is asked the very same."""
    assert Binding().adopted(ASKED) == ASKED


def test_what_a_model_has_bound_goes_before_what_it_adopts():
    """What is bound to the model that is asked wins over what the request says."""
    binding = Binding(
        (ToolSpec("search"),),
        None,
        parallel=False,
        response_format=ResponseFormat("json_object"),
        stop=("b",),
        model="two",
        params={"seed": 2},
    )

    adopted = binding.adopted(ASKED)

    assert adopted == ChatRequest(
        HELLO,
        tools=binding.tools,
        tool_choice=None,
        parallel_tool_calls=False,
        response_format=binding.response_format,
        stop=("b",),
        model="two",
        params={"seed": 2, "top_p": 1},
    )


def test_merging_keeps_both_and_each_once():
    """Binding twice keeps both; the same definition again changes nothing."""
    a, b = ToolSpec("a", "", ADD), ToolSpec("b", "", ADD)

    assert merge_tools([a], [b, ToolSpec("a", "", dict(ADD))]) == (a, b)


def test_merging_two_definitions_of_one_name():
    """One name for two different tools is an error that shows both."""
    with pytest.raises(SchemaError, match="two different tools are both called 'a'"):
        merge_tools([ToolSpec("a", "One.")], [ToolSpec("a", "Two.")])


def test_merging_provider_side_tools():
    """Two servers of one provider-side kind are two tools."""
    one = tool_spec({"type": "mcp", "server_label": "one"})
    two = tool_spec({"type": "mcp", "server_label": "two"})

    assert merge_tools([one], [two, one]) == (one, two)
