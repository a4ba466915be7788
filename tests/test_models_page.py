"""Every example of the public page on chat models, on objects of ours.

The calls are those of the page; the printed lines are what it shows, where it shows
any. The model behind them is scripted.
"""

# ruff: noqa: T201 - the examples of the page print

import asyncio

import pytest

from harness import (
    AIMessage,
    AIMessageChunk,
    FakeChatModel,
    HumanMessage,
    SystemMessage,
    call,
    say,
    streaming,
    think,
    tool,
)
from harness.models import CallbackHandler

PARROTS = "Why do parrots have colorful feathers?"
QUESTIONS = [PARROTS, "How do airplanes fly?", "What is quantum computing?"]
ANSWERS = ["To find each other.", "By lift.", "Computing with qubits."]


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"It's sunny in {location}."


@tool
def tool_1(query: str) -> str:
    """Look something up."""
    return query


def lines(capsys):
    """Give the lines printed so far."""
    return capsys.readouterr().out.splitlines()


# ---------------------------------------------------------------------- invoke


def test_single_message(capsys):
    """A single message is answered by a message, and no string."""
    model = FakeChatModel("To find each other.")

    response = model.invoke(PARROTS)
    print(response)

    assert isinstance(response, AIMessage)
    assert lines(capsys) == ["AIMessage('To find each other.')"]


DICTIONARY_FORMAT = [
    {
        "role": "system",
        "content": "You are a helpful assistant that translates English to French.",
    },
    {"role": "user", "content": "Translate: I love programming."},
    {"role": "assistant", "content": "J'adore la programmation."},
    {"role": "user", "content": "Translate: I love building applications."},
]
MESSAGE_OBJECTS = [
    SystemMessage("You are a helpful assistant that translates English to French."),
    HumanMessage("Translate: I love programming."),
    AIMessage("J'adore la programmation."),
    HumanMessage("Translate: I love building applications."),
]


@pytest.mark.parametrize("conversation", [DICTIONARY_FORMAT, MESSAGE_OBJECTS])
def test_conversation(conversation, capsys):
    """A conversation is a list of dicts or of messages; both are the same."""
    model = FakeChatModel("J'adore créer des applications.")

    response = model.invoke(conversation)
    print(response)

    assert lines(capsys) == ['AIMessage("J\'adore créer des applications.")']
    assert list(model.calls[0].messages) == MESSAGE_OBJECTS


# ---------------------------------------------------------------------- stream


def test_basic_text_streaming(capsys):
    """Chunks come word by word."""
    model = FakeChatModel("The sky is typically blue.")

    for chunk in model.stream(PARROTS):
        print(chunk.text, end="|", flush=True)

    assert capsys.readouterr().out == "The| sky| is| typically| blue|.||"


def test_stream_reasoning_calls_and_text(capsys):
    """Each block of a chunk says what it is."""
    model = FakeChatModel(
        say(
            think("Look it up."),
            "One moment.",
            call("get_color", {"of": "sky"}, _id="call_1"),
            arguments_cut="whole",
        ),
        check=False,
    )

    for chunk in model.stream("What color is the sky?"):
        for block in chunk.content_blocks:
            if block["type"] == "reasoning" and (reasoning := block.get("reasoning")):
                print(f"Reasoning: {reasoning}")
            elif block["type"] == "tool_call_chunk":
                print(f"Tool call chunk: {block}")
            elif block["type"] == "text":
                print(block["text"])
            else:
                ...

    assert lines(capsys) == [
        "Reasoning: Look",
        "Reasoning:  it",
        "Reasoning:  up",
        "Reasoning: .",
        "One",
        " moment",
        ".",
        (
            "Tool call chunk: {'type': 'tool_call_chunk', 'name': 'get_color', "
            "'args': '', "
            "'id': 'call_1', 'index': 0}"
        ),
        (
            "Tool call chunk: {'type': 'tool_call_chunk', 'name': None, 'args': "
            "'{\"of\": \"sky\"}', 'id': None, 'index': 0}"
        ),
    ]


def test_construct_an_aimessage(capsys):
    """Chunks add up to the whole message, and each sum can be read."""
    model = FakeChatModel("The sky is typically blue", "Thank you.")

    full = None  # None | AIMessageChunk
    for chunk in model.stream("What color is the sky?"):
        full = chunk if full is None else full + chunk
        print(full.text)

    assert lines(capsys)[:5] == [
        "The",
        "The sky",
        "The sky is",
        "The sky is typically",
        "The sky is typically blue",
    ]
    text = "The sky is typically blue"
    assert full.content_blocks == [{"type": "text", "text": text}]
    assert model.invoke([HumanMessage("What color?"), full]).text == "Thank you."


def test_streaming_events(capsys):
    """A stream of events: the input, each token, the full message."""
    model = FakeChatModel("Hi there! How can I help today?")

    async def main():
        async for event in model.astream_events("Hello"):
            if event["event"] == "on_chat_model_start":
                print(f"Input: {event['data']['input']}")

            elif event["event"] == "on_chat_model_stream":
                print(f"Token: {event['data']['chunk'].text}")

            elif event["event"] == "on_chat_model_end":
                print(f"Full message: {event['data']['output'].text}")

            else:
                pass

    asyncio.run(main())

    assert lines(capsys) == [
        "Input: Hello",
        "Token: Hi",
        "Token:  there",
        "Token: !",
        "Token:  How",
        "Token:  can",
        "Token:  I",
        "Token:  help",
        "Token:  today",
        "Token: ?",
        "Token: ",
        "Full message: Hi there! How can I help today?",
    ]


def test_auto_streaming():
    """Where the application is streamed, `invoke` tells each token to callbacks."""
    tokens = []

    class Listening(CallbackHandler):
        def on_llm_new_token(self, token, **run):
            tokens.append(token)

    model = FakeChatModel("Hi there!")

    with streaming(Listening()):
        response = model.invoke("Hello")

    assert response.text == "Hi there!"
    assert tokens == ["Hi", " there", "!", ""]


# ----------------------------------------------------------------------- batch


def test_batch(capsys):
    """Answers come in the order of the questions."""
    model = FakeChatModel(*ANSWERS)

    responses = model.batch(
        [
            "Why do parrots have colorful feathers?",
            "How do airplanes fly?",
            "What is quantum computing?",
        ]
    )
    for response in responses:
        print(response)

    assert lines(capsys) == [f"AIMessage({answer!r})" for answer in ANSWERS]


def test_batch_as_completed():
    """Answers come with their index as they are complete."""
    model = FakeChatModel(*ANSWERS)

    responses = list(model.batch_as_completed(QUESTIONS))

    assert all(isinstance(response, tuple) for response in responses)
    assert {n: message.text for n, message in responses} == dict(enumerate(ANSWERS))


def test_batch_with_max_concurrency():
    """The number of parallel calls can be limited."""
    list_of_inputs = [f"Question {n}" for n in range(20)]
    model = FakeChatModel(*(f"Answer {n}" for n in range(20)))

    responses = model.batch(
        list_of_inputs,
        config={
            "max_concurrency": 5,  # Limit to 5 parallel calls
        },
    )

    assert [response.text for response in responses] == [
        f"Answer {n}" for n in range(20)
    ]


# ----------------------------------------------------------------------- tools


def test_binding_user_tools(capsys):
    """A model with tools asks for a call of one."""
    model = FakeChatModel(call("get_weather", location="Boston"))
    model_with_tools = model.bind_tools([get_weather])

    response = model_with_tools.invoke("What's the weather like in Boston?")
    for tool_call in response.tool_calls:
        # View tool calls made by the model
        print(f"Tool: {tool_call['name']}")
        print(f"Args: {tool_call['args']}")

    assert lines(capsys) == ["Tool: get_weather", "Args: {'location': 'Boston'}"]


def test_tool_execution_loop(capsys):
    """Calls are executed, and their results passed back for the final answer."""
    model = FakeChatModel(
        call("get_weather", location="Boston"),
        "The current weather in Boston is 72°F and sunny.",
    )
    # Bind (potentially multiple) tools to the model
    model_with_tools = model.bind_tools([get_weather])

    # Step 1: Model generates tool calls
    messages = [{"role": "user", "content": "What's the weather in Boston?"}]
    ai_msg = model_with_tools.invoke(messages)
    messages.append(ai_msg)

    # Step 2: Execute tools and collect results
    for tool_call in ai_msg.tool_calls:
        # Execute the tool with the generated arguments
        tool_result = get_weather.invoke(tool_call)
        messages.append(tool_result)

    # Step 3: Pass results back to model for final response
    final_response = model_with_tools.invoke(messages)
    print(final_response.text)

    assert lines(capsys) == ["The current weather in Boston is 72°F and sunny."]
    assert messages[-1].text == "It's sunny in Boston."
    assert messages[-1].tool_call_id == ai_msg.tool_calls[0]["id"]
    model.assert_tool_results("It's sunny in Boston.")


@pytest.mark.parametrize("tool_choice", ["any", "tool_1"])
def test_forcing_tool_calls(tool_choice):
    """Any tool, or one by its name, can be forced."""
    model = FakeChatModel(call("tool_1", query="sky"))

    model_with_tools = model.bind_tools([tool_1], tool_choice=tool_choice)

    assert model_with_tools.invoke("Hi").tool_calls[0]["name"] == "tool_1"
    assert model.calls[0].tool_choice == tool_choice


TWO_CALLS = say(
    call("get_weather", {"location": "Boston"}, _id="call_1"),
    call("get_weather", {"location": "Tokyo"}, _id="call_2"),
)


def test_parallel_tool_calls():
    """A model may call several tools at once."""
    model = FakeChatModel(TWO_CALLS)
    model_with_tools = model.bind_tools([get_weather])

    response = model_with_tools.invoke("What's the weather in Boston and Tokyo?")
    # Execute all tools (can be done in parallel with async)
    results = []
    for tool_call in response.tool_calls:
        if tool_call["name"] == "get_weather":
            result = get_weather.invoke(tool_call)
        results.append(result)

    shown = [{k: c[k] for k in ("name", "args", "id")} for c in response.tool_calls]
    assert shown == [
        {"name": "get_weather", "args": {"location": "Boston"}, "id": "call_1"},
        {"name": "get_weather", "args": {"location": "Tokyo"}, "id": "call_2"},
    ]
    assert [(result.tool_call_id, result.text) for result in results] == [
        ("call_1", "It's sunny in Boston."),
        ("call_2", "It's sunny in Tokyo."),
    ]


def test_parallel_tool_calls_can_be_disabled():
    """The model is asked for one call at a time."""
    model = FakeChatModel(call("get_weather", location="Boston"))

    model.bind_tools([get_weather], parallel_tool_calls=False).invoke("Boston?")

    assert model.calls[0].request.parallel_tool_calls is False


BOSTON, TOKYO = "call_SvMlU1TVIZugrFLckFE2ceRE", "call_QMZdy6qInx13oWKE7KhuhOLR"


def fragment(index, **said):
    return AIMessageChunk(tool_call_chunks=[{"index": index, **said}])


def streamed_calls():
    """Give the two calls in the very pieces that the page shows."""
    turn = []
    for index, (id_, pieces) in enumerate(
        [
            (BOSTON, ['{"lo', "catio", 'n": "B', "osto", 'n"}']),
            (TOKYO, ['{"lo', "catio", 'n": "T', "okyo", '"}']),
        ]
    ):
        turn.append(fragment(index, name="get_weather", id=id_, args=""))
        turn += [fragment(index, args=piece) for piece in pieces]
    return turn


def test_streaming_tool_calls(capsys):
    """Calls come in pieces: the name and the id first, then the arguments."""
    model = FakeChatModel(streamed_calls())
    model_with_tools = model.bind_tools([get_weather])

    for chunk in model_with_tools.stream("What's the weather in Boston and Tokyo?"):
        # Tool call chunks arrive progressively
        for tool_chunk in chunk.tool_call_chunks:
            if name := tool_chunk.get("name"):
                print(f"Tool: {name}")
            if id_ := tool_chunk.get("id"):
                print(f"ID: {id_}")
            if args := tool_chunk.get("args"):
                print(f"Args: {args}")

    assert lines(capsys) == [
        "Tool: get_weather",
        f"ID: {BOSTON}",
        'Args: {"lo',
        "Args: catio",
        'Args: n": "B',
        "Args: osto",
        'Args: n"}',
        "Tool: get_weather",
        f"ID: {TOKYO}",
        'Args: {"lo',
        "Args: catio",
        'Args: n": "T',
        "Args: okyo",
        'Args: "}',
    ]


def test_accumulate_tool_calls():
    """The calls of each sum show what is sure of their arguments."""
    model = FakeChatModel(streamed_calls()[:6])
    model_with_tools = model.bind_tools([get_weather])

    gathered = None
    shown = []
    for chunk in model_with_tools.stream("What's the weather in Boston?"):
        gathered = chunk if gathered is None else gathered + chunk
        shown.append([dict(call["args"]) for call in gathered.tool_calls])

    assert shown == [
        [{}],
        [{}],
        [{}],
        [{"location": "B"}],
        [{"location": "Bosto"}],
        [{"location": "Boston"}],
        [{"location": "Boston"}],
    ]
    assert gathered.tool_calls == [
        {
            "name": "get_weather",
            "args": {"location": "Boston"},
            "id": BOSTON,
            "type": "tool_call",
        }
    ]
