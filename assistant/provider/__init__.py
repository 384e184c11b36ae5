"""Ask a chat model through LangChain: any OpenAI-compatible endpoint.

Comes in: a task.  Goes out: events and a `Generation`, or one of the errors of `errors`, never a stand-in.
What it learns about an endpoint, and what each call cost, goes through the port `Memory`, which the store fills.
"""

from assistant.provider.ask import ProviderEngine
from assistant.provider.check import check_endpoint
from assistant.provider.client import model_named
from assistant.provider.local import local_servers
from assistant.provider.memory import Capability, Memory, MemoryDict
from assistant.provider.parser import parser_of
from assistant.provider.reply import schema_of

__all__ = [
    "Capability",
    "Memory",
    "MemoryDict",
    "ProviderEngine",
    "check_endpoint",
    "local_servers",
    "model_named",
    "parser_of",
    "schema_of",
]
