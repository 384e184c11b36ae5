"""Our reader as a LangChain output parser: the last part of a chain `prompt | model | parser`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from assistant.provider.client import schema_in_words
from assistant.provider.reply import Unreadable, read
from assistant.tasks import Answer, Output

if TYPE_CHECKING:
    from langchain_core.output_parsers import BaseOutputParser


def parser_of(output: type[Output]) -> BaseOutputParser[Output]:
    """A parser of a model's reply into `output`: read where the meaning is certain, else LangChain's OutputParserException with the reason."""
    from langchain_core.exceptions import OutputParserException
    from langchain_core.output_parsers import BaseOutputParser

    class AnswerParser(BaseOutputParser[Answer]):
        @property
        def OutputType(self) -> type[Answer]:
            return output

        def parse(self, text: str) -> Answer:
            try:
                return read(text, output)
            except Unreadable as unreadable:
                raise OutputParserException(str(unreadable), llm_output=text) from unreadable

        def get_format_instructions(self) -> str:
            return schema_in_words(output)

    return cast("BaseOutputParser[Output]", AnswerParser())
