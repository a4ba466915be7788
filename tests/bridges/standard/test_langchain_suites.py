"""The standard suites of LangChain, over a scripted model and over a replayed one.

The replayed one has a cassette that was recorded while the scripted one passed; to make
it anew: RECORD_SUITES=1 python -m pytest tests/bridges/standard.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from harness import RecordingChatModel, ReplayChatModel
from harness.bridges.answering import answering
from harness.bridges.langchain import HarnessChatModel
from harness.matching import DEFAULT_FIELDS
from harness.models import ChatModel

CASSETTE = Path(__file__).parents[3] / "cassettes" / "langchain-suites.yaml"


@pytest.fixture(autouse=True, scope="module")
def recording() -> Iterator[None]:
    """Record what the scripted model is asked, if somebody wants that."""
    if "RECORD_SUITES" not in os.environ:
        yield
        return
    with RecordingChatModel(answering(), CASSETTE, mode="new_episodes") as model:
        _Supported.chat = model
        yield


class _Supported:
    """What the suites ask of a model before they examine it."""

    chat: ClassVar[ChatModel] = answering()

    chat_model_class = HarnessChatModel
    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_pdf_inputs = True
    supports_audio_inputs = True
    supports_anthropic_inputs = True
    supports_image_tool_message = True
    supports_pdf_tool_message = True
    model_override_value = "another-model"
    init_from_env_params = ({"LC_OUTPUT_VERSION": "v1"}, {}, {"output_version": "v1"})
    enable_vcr_tests = True

    @property
    def chat_model_params(self) -> dict[str, Any]:
        """The model is given the chat that it asks."""
        return {"model": "auto", "chat": self.chat}


class TestScriptedUnit(_Supported, ChatModelUnitTests):
    """A model that answers by itself."""


class TestScriptedIntegration(_Supported, ChatModelIntegrationTests):
    """The same, asked."""


class _Replayed(_Supported):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        """Each test has the whole cassette before it."""
        chat = ReplayChatModel(
            CASSETTE,
            match_on=[*DEFAULT_FIELDS, "model"],
            allow_playback_repeats=True,
        )
        return {"model": "auto", "chat": chat}


class TestReplayedUnit(_Replayed, ChatModelUnitTests):
    """A model that was recorded."""


class TestReplayedIntegration(_Replayed, ChatModelIntegrationTests):
    """The same, asked."""
