"""Models and what they cost: a server found on this computer, a test of an endpoint, a call, the price of a model, the sum of many calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time

from pydantic import Field

from assistant.schema.base import Frozen, Usage


class LocalServer(Frozen):
    """A model server that answered on this computer."""

    name: str
    base_url: str
    models: tuple[str, ...]
    note: str = ""
    """What to know before using it."""


class EndpointTest(Frozen):
    """What a test of an endpoint came to, in plain words."""

    ok: bool
    tried: str
    came_back: str
    to_do: str = ""


class Call(Frozen):
    """One request to a model as it was written down, whether or not its answer could be used."""

    task: str
    resource_id: str
    """The set, interview or conversation it was made for; empty where there is none."""
    model: str
    usage: Usage
    at: datetime


class Price(Frozen):
    """What a million tokens of one model cost, in the settings' currency."""

    tokens_in: float = Field(ge=0, allow_inf_nan=False)
    tokens_cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Tokens in that the service had kept from an earlier call; None: as the others."""
    tokens_out: float = Field(ge=0, allow_inf_nan=False)

    def of(self, usage: Usage) -> float:
        """What a usage costs. Tokens that nobody reported count nothing.

        >>> Price(tokens_in=2, tokens_cached=0.5, tokens_out=8).of(Usage(tokens_in=1_000_000, tokens_cached=400_000, tokens_out=100_000))
        2.2
        """
        cached = usage.tokens_cached or 0
        at_cached = self.tokens_in if self.tokens_cached is None else self.tokens_cached
        fresh = max(0, (usage.tokens_in or 0) - cached)
        return (fresh * self.tokens_in + cached * at_cached + (usage.tokens_out or 0) * self.tokens_out) / 1_000_000


class Spent(Frozen):
    """What calls came to together: those of one model, or of several."""

    model: str = ""
    calls: int = 0
    silent: int = 0
    """Calls of which no tokens were reported: they were stopped or cut off, or their service never says."""
    usage: Usage = Usage()
    money: float | None = None
    """None where no model among them has a price."""
    unpriced: int = 0
    """Calls of models without a price; `money` leaves them out."""

    @property
    def tokens(self) -> int:
        """In and out."""
        return (self.usage.tokens_in or 0) + (self.usage.tokens_out or 0)

    @classmethod
    def of(cls, parts: Iterable[Spent], prices: Mapping[str, Price]) -> Spent:
        """The sum of what models took, in tokens and, by each one's price, in money."""
        parts = tuple(parts)
        priced = [p for p in parts if p.model in prices]
        return cls(
            calls=sum(p.calls for p in parts),
            silent=sum(p.silent for p in parts),
            usage=Usage(
                tokens_in=_sum(p.usage.tokens_in for p in parts),
                tokens_out=_sum(p.usage.tokens_out for p in parts),
                tokens_cached=_sum(p.usage.tokens_cached for p in parts),
                seconds=sum(p.usage.seconds for p in parts),
            ),
            money=sum(prices[p.model].of(p.usage) for p in priced) if priced else None,
            unpriced=sum(p.calls for p in parts if p.model not in prices),
        )


def midnight(now: datetime) -> datetime:
    """When the day of `now` began, by this computer's clock."""
    return datetime.combine(now.astimezone().date(), time()).astimezone()


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if known else None
