"""LangChain and LangGraph: chat models, messages and chunks, both ways."""

from harness.bridges.extras import needed

with needed("langchain_core", "langchain"):
    from harness.bridges.langchain.chunks import (
        ChunkWriter,
        chunk_from_langchain,
    )
    from harness.bridges.langchain.foreign import LangChainModel, from_langchain
    from harness.bridges.langchain.messages import (
        message_from_langchain,
        message_to_langchain,
    )
    from harness.bridges.langchain.model import HarnessChatModel, as_langchain

__all__ = [
    "ChunkWriter",
    "HarnessChatModel",
    "LangChainModel",
    "as_langchain",
    "chunk_from_langchain",
    "from_langchain",
    "message_from_langchain",
    "message_to_langchain",
]
