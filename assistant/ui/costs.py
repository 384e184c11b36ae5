"""What the model has used, in words: on a card, and in Settings by day, session and call.

Comes in: usages, prices and the workspace's sums.  Goes out: `Html` and plain words. Money is shown where a price is set, and only there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.schema import Provenance, Spent, Usage
from assistant.ui import pieces
from assistant.ui.pieces import Html, each, el, href, join, link, small

if TYPE_CHECKING:
    from assistant.workspace import Costs, Prices, Session, SessionCost

_TASKS = {
    "write_question": "A question written",
    "judge_answer": "An answer checked",
    "advise": "Advice on an answer",
    "next_turn": "A turn of the interviewer",
    "coach_reply": "An answer of the coach",
}


def usage_words(usage: Usage, money: str = "") -> str:
    """One call, or several.

    >>> usage_words(Usage(tokens_in=1234, tokens_cached=640, tokens_out=80, seconds=1.23), "USD 0.0012")
    '1.2 seconds · 1,234 tokens in, 640 of them cached · 80 out · USD 0.0012'
    """
    if usage.tokens_in is None and usage.tokens_out is None:
        return f"{usage.seconds:.1f} seconds · the service did not say how many tokens"
    cached = f", {usage.tokens_cached:,} of them cached" if usage.tokens_cached is not None else ""
    parts = [f"{usage.seconds:.1f} seconds", f"{usage.tokens_in or 0:,} tokens in{cached}", f"{usage.tokens_out or 0:,} out", money]
    return " · ".join(p for p in parts if p)


def money_words(money: float | None, currency: str) -> str:
    """Small sums keep four places; no price, no words.

    >>> money_words(0.00123, "USD"), money_words(12.5, "USD"), money_words(0.00001, "USD"), money_words(None, "USD")
    ('USD 0.0012', 'USD 12.50', 'under USD 0.0001', '')
    """
    if money is None:
        return ""
    if 0 < money < 0.0001:
        return f"under {currency} 0.0001"
    return f"{currency} {money:,.{4 if 0 < money < 1 else 2}f}"


def made_words(made: Provenance, prices: Prices) -> str:
    """Who made something, with which prompt, and what it took."""
    price = prices.by_model.get(made.model)
    money = money_words(price.of(made.usage), prices.currency) if price and made.usage.tokens_in is not None else ""
    return " · ".join(p for p in (made.model, made.prompt, usage_words(made.usage, money)) if p)


def session_words(cost: SessionCost, name: str) -> Html | None:
    """What the session of a card has used so far."""
    if not cost.spent.calls:
        return None
    return small(f"{name} so far: {_spent_words(cost.spent, cost.prices.currency)}")


def costs_words(costs: Costs) -> Html:
    """Today with its ceiling, everything, and the last sessions and calls."""
    currency = costs.prices.currency
    return el(
        "div",
        el("h2", "What it has used", cls="plain"),
        *_today(costs),
        small("In all: ", _spent_words(costs.ever, currency)) if costs.ever.calls else None,
        *_left_out(costs.ever),
        join(el("h3", "By session"), el("table", el("tbody", each(_session_row(s, currency) for s in costs.sessions)), cls="costs"))
        if costs.sessions
        else None,
        el("details", el("summary", "Call by call"), el("table", el("tbody", *_call_rows(costs)), cls="costs")) if costs.calls else None,
    )


def _today(costs: Costs) -> list[Html]:
    today, currency = costs.today, costs.prices.currency
    used = [f"{today.tokens:,}" + (f" of {costs.daily_tokens:,} tokens" if costs.daily_tokens else " tokens")]
    if today.money is not None or costs.daily_money:
        used.append(money_words(today.money or 0, currency) + (f" of {costs.daily_money:,.2f}" if costs.daily_money else ""))
    shares = [today.tokens / costs.daily_tokens] if costs.daily_tokens else []
    shares += [(today.money or 0) / costs.daily_money] if costs.daily_money else []
    if not today.calls and not shares:
        return [el("p", "Nothing has been used today.")]
    words = f"Today: {pieces.count(today.calls, 'call')}, {', '.join(used)}."
    if not shares:
        return [el("p", words)]
    share = min(1.0, max(shares))
    reached = " The ceiling is reached: the model is not asked again before midnight." if share >= 1 else ""
    return [
        el("p", words, reached),
        el("meter", f"{share:.0%}", value=f"{share:.3f}", min="0", max="1", aria_label="How much of today's ceiling is used"),
    ]


def _left_out(spent: Spent) -> list[Html]:
    said = []
    if spent.silent:
        said.append(
            small(
                f"{pieces.count(spent.silent, 'call', capital=True)} ended before the service said what was used, so these sums leave that out."
            )
        )
    if spent.money is not None and spent.unpriced:
        said.append(small(f"{pieces.count(spent.unpriced, 'call', capital=True)} of models without a price cost nothing here."))
    return said


def _session_row(session: Session, currency: str) -> Html:
    name = pieces.cut(session.name, 10) or "No longer here"
    to = {"set": href("practise", set=session.id), "interview": href("interview", i=session.id), "coach": href("settings", ask=session.id)}
    title = link(name, to[session.kind]) if session.kind in to else name
    when = f"{pieces.day(session.at)}, {pieces.clock(session.at)}"
    about = f"The coach, {when}" if session.kind == "coach" else when
    return el("tr", el("td", title, el("br"), el("span", about, cls="small")), el("td", _spent_words(session.spent, currency), cls="small"))


def _call_rows(costs: Costs) -> list[Html]:
    rows = []
    for call in costs.calls:
        price = costs.prices.by_model.get(call.model)
        money = money_words(price.of(call.usage), costs.prices.currency) if price and call.usage.tokens_in is not None else ""
        when = f"{pieces.day(call.at)}, {pieces.clock(call.at)} · {call.model}"
        what = _TASKS.get(call.task, call.task)
        rows.append(
            el("tr", el("td", what, el("br"), el("span", when, cls="small")), el("td", usage_words(call.usage, money), cls="small"))
        )
    return rows


def _spent_words(spent: Spent, currency: str) -> str:
    return f"{pieces.count(spent.calls, 'call')} · {usage_words(spent.usage, money_words(spent.money, currency))}"
