"""Postings: bring one, choose one, let one go."""

from __future__ import annotations

from functools import lru_cache

from assistant.knowledge import sample_posting
from assistant.posting import parse_posting
from assistant.schema import JobPosting
from assistant.workspace.doors import Doors, posting_document


class Postings(Doors):
    async def postings(self) -> tuple[JobPosting, ...]:
        """Those kept, the current one first."""
        return await self.run(self.store.postings)

    async def posting(self, posting_id: str | None = None) -> JobPosting:
        """One posting; None: the current one, which is the sample until another is brought."""
        if posting_id is not None:
            return await self.run(self.store.posting, posting_id)
        kept = await self.run(self.store.postings)
        return kept[0] if kept else await self.add_sample()

    async def add_posting(self, text: str) -> JobPosting:
        """Reads a pasted posting, keeps it and makes it the current one. Raises `NotAPosting` or `TooLong`."""
        posting = await self.run(parse_posting, text)
        await self._keep(posting)
        return posting

    async def add_sample(self) -> JobPosting:
        """The posting that ships with the product, kept and made the current one."""
        return await self.add_posting(sample_posting())

    @property
    def sample_posting_id(self) -> str:
        """The id of the posting that ships with the product."""
        return _sample_id()

    async def use_posting(self, posting_id: str) -> JobPosting:
        posting = await self.run(self.store.posting, posting_id)
        await self.run(self.store.put_posting, posting, self.now())
        return posting

    async def delete_posting(self, posting_id: str) -> str:
        """Hides it; the token brings it back by `undo`."""
        await self.run(self.store.delete, "posting", posting_id, self.now())
        await self.run(self.index_no_more, posting_id, "posting")
        return f"posting:{posting_id}"

    async def _keep(self, posting: JobPosting) -> None:
        await self.run(self.store.put_posting, posting, self.now())
        await self.run(self.index_now, posting_document(posting))


@lru_cache(maxsize=1)
def _sample_id() -> str:
    return parse_posting(sample_posting()).id
