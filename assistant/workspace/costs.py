"""What the model has cost, today and in each session, and the day's ceiling. A session is a set, an interview or a talk with the coach."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from assistant.errors import InputError, NotFound
from assistant.schema import Call, Frozen, Price, Spent, midnight
from assistant.workspace.history import History

SESSIONS_SHOWN = 8
CALLS_SHOWN = 20


class Prices(Frozen):
    """By the model's name, and in which currency."""

    by_model: dict[str, Price]
    currency: str


class SessionCost(Frozen):
    """What a session has cost so far."""

    spent: Spent
    prices: Prices


class Session(Frozen):
    kind: Literal["set", "interview", "coach", "other"]
    """`other`: deleted since, or asked for outside of any."""
    id: str
    name: str
    at: datetime
    """Its last call."""
    spent: Spent


class Costs(Frozen):
    today: Spent
    ever: Spent
    sessions: tuple[Session, ...]
    """The last ones, newest first."""
    calls: tuple[Call, ...]
    """The last ones, newest first."""
    prices: Prices
    model: str
    """The model in use, whose price can be set; empty while its name is not known."""
    daily_tokens: int | None
    daily_money: float | None


class Spending(History):
    async def session_cost(self, *session_ids: str) -> SessionCost:
        """What the calls of these sets, interviews or talks came to together."""
        return SessionCost(spent=await self.run(self._spent, None, session_ids), prices=self._prices())

    async def costs(self) -> Costs:
        """Everything Settings shows of what the model has cost."""
        return await self.run(self._costs)

    async def set_costs(
        self,
        daily_tokens: int | None = None,
        daily_money: float | None = None,
        price_in: float | None = None,
        price_cached: float | None = None,
        price_out: float | None = None,
        currency: str = "",
    ) -> Costs:
        """How much may be used from midnight to midnight, and what a million tokens of the model in use cost; None: no ceiling, no price.

        The price holds for the model's earlier calls too.
        """
        model = await self.run(self._model_in_use)
        prices = {k: v.model_dump() for k, v in self.settings.prices.items() if k != model}
        if price_in is not None and price_out is not None:
            if not model:
                raise InputError("Which model is it the price of? Name the model first, or ask it something.")
            prices[model] = {"tokens_in": price_in, "tokens_cached": price_cached, "tokens_out": price_out}
        elif price_in is not None or price_out is not None or price_cached is not None:
            raise InputError("A price needs two numbers: for tokens in and for tokens out.")
        if any(n is not None and n < 0 for n in (price_in, price_cached, price_out)):
            raise InputError("A price is not below nothing.")
        if any(n is not None and n <= 0 for n in (daily_tokens, daily_money)):
            raise InputError("A ceiling is more than nothing. Leave it empty for none.")
        if daily_money is not None and not prices:
            raise InputError("A ceiling in money needs the model's price too.")
        await self.change_settings(
            {"daily_tokens": daily_tokens, "daily_money": daily_money, "prices": prices or None, "currency": currency.strip()[:8] or None}
        )
        return await self.costs()

    async def spent_today(self) -> tuple[Spent, ...]:
        """By model, since midnight: for a command that asks a model by itself."""
        return await self.run(self.store.spent, midnight(self.now()))

    async def keep_calls(self, calls: tuple[Call, ...]) -> None:
        """Writes down what such a command has used."""
        for call in calls:
            await self.run(self.store.add_call, call)

    # inside

    def _prices(self) -> Prices:
        return Prices(by_model=self.settings.prices, currency=self.settings.currency)

    def _spent(self, since: datetime | None = None, sessions: tuple[str, ...] | None = None) -> Spent:
        return Spent.of(self.store.spent(since, sessions), self.settings.prices)

    def _costs(self) -> Costs:
        return Costs(
            today=self._spent(midnight(self.now())),
            ever=self._spent(),
            sessions=self._sessions(),
            calls=self.store.calls(CALLS_SHOWN),
            prices=self._prices(),
            model=self._model_in_use(),
            daily_tokens=self.settings.daily_tokens,
            daily_money=self.settings.daily_money,
        )

    def _model_in_use(self) -> str:
        """As its calls are written down: where no name is set, the one the last call was made to."""
        from assistant.provider import model_named

        if not self.settings.has_model:
            return ""
        last = self.store.calls(1)
        return model_named(self.settings) or (last[0].model if last else "")

    def _sessions(self) -> tuple[Session, ...]:
        # An interview and the set its questions stand in are one session.
        asked = self.store.called_for(2 * SESSIONS_SHOWN)
        meetings = {i.set_id: i for i in self.store.interviews()}
        by_id = {i.id: i for i in meetings.values()}
        found: list[Session] = []
        for session_id, at in asked:
            meeting = by_id.get(session_id) or meetings.get(session_id)
            kind, name = ("interview", meeting.title) if meeting else self._named(session_id)
            ids = (meeting.id, meeting.set_id) if meeting else (session_id,)
            if ids[0] not in {s.id for s in found}:
                found.append(Session(kind=kind, id=ids[0], name=name, at=at, spent=self._spent(None, ids)))
        return tuple(found[:SESSIONS_SHOWN])

    def _named(self, session_id: str) -> tuple[Literal["set", "coach", "other"], str]:
        try:
            return "set", self.store.question_set(session_id).name
        except NotFound:
            talked = self.store.turns(session_id)
        return ("coach", talked[0].text) if talked else ("other", "")
