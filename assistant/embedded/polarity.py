"""Whether words that look like a point say its opposite: a negation too many or too few, an opposite word, or the roles exchanged.

Comes in: a wording of a point and the words of an answer that match it.  Goes out: the plain name of what is turned round, or nothing.
Sentence vectors hardly carry any of this. It steps a verdict down and never up, and it lets a doubtful case stand: right answers turn a
point's words round too ("otherwise it depends on ...").
"""

from __future__ import annotations

import re
from functools import lru_cache

from assistant.embedded.matching import FUNCTION_WORDS, lemma, words_of
from assistant.embedded.reading import opposites

_NEGATORS = frozenset(
    [
        "not",
        "never",
        "no",
        "nor",
        "neither",
        "nobody",
        "none",
        "nothing",
        "cannot",
        "hardly",
        "cant",
        "dont",
        "doesnt",
        "isnt",
        "wont",
        "didnt",
    ]
)
_NOT_NEGATING = re.compile(
    r"\bnot (?:only|just|merely|simply|necessarily)\b|\bno (?:longer|doubt|matter|more than|less than|later than|earlier than|one else)\b|\bwhether or not\b|\bif not\b",
    re.IGNORECASE,
)
_UNREAL = re.compile(
    r"^(?:\W*(?:and|but|so|because|since)\W+)?(?:otherwise|without|unless|if|instead|rather|were|had|suppose|imagine|whereas|unlike)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:it|that|this) is (?:not|n't|hardly|un)\s?(?:true|correct|right|the case)\b|\bit(?:'s| is) (?:false|wrong|untrue|incorrect|a (?:myth|mistake|misconception))\b"
    r"|\b(?:i|we) (?:disagree|reject|deny|doubt) (?:that|with)\b|\bcontrary to\b",
    re.IGNORECASE,
)
_REACH = 2
"""How many words of content a negation reaches."""
_ALIKE = 0.5
"""The share of the point's words the answer must repeat before an opposite word or exchanged roles are believed."""


def turned_round(point: str, said: str) -> str:
    """`negation`, `opposite` or `roles` where `said` turns `point` round; empty where it does not, or might not.

    >>> turned_round("A padding mask hides filler from attention", "A padding mask does not hide filler from attention")
    'negation'
    >>> turned_round("The queries are hot", "The queries are cold"), turned_round("Rows must not leak", "Rows never leak")
    ('opposite', '')
    """
    if bool(_DENIED.search(said)) != bool(_DENIED.search(point)):
        return "negation"
    if _UNREAL.match(said) and not _UNREAL.match(point):
        return ""
    ours, theirs = _claims(point), _claims(said)
    plain_ours, plain_theirs = _plain(ours), _plain(theirs)
    denied_ours, denied_theirs = _denied(ours), _denied(theirs)
    alike_denied = denied_ours & denied_theirs
    flips = 0 if alike_denied else len((denied_theirs & plain_ours) | (denied_ours & plain_theirs))
    shared = {m for m, _ in ours} & {m for m, _ in theirs}
    content = {m for m, _ in ours}
    alike = len(shared) / max(1, len(content))
    opposed = _opposed(point, said) if alike >= _ALIKE - 0.1 else 0
    if flips and opposed:
        return ""
    if flips:
        return "negation"
    if opposed and not (bool(denied_ours) ^ bool(denied_theirs)):
        return "opposite"
    if alike >= _ALIKE + 0.2 and _exchanged([m for m, _ in ours], [m for m, _ in theirs], point, said):
        return "roles"
    return ""


@lru_cache(maxsize=8192)
def _claims(text: str) -> tuple[tuple[str, bool], ...]:
    """The lemmas of the words of content, in order, each with whether a negation before it reaches it."""
    found: list[tuple[str, bool]] = []
    for stretch in re.split(r"[,;:.!?()—–]", _NOT_NEGATING.sub(" ", text)):
        reach = 0
        for word in words_of(stretch):
            if word in _NEGATORS or word.endswith("n't"):
                reach = 0 if reach == _REACH else _REACH
            elif word not in FUNCTION_WORDS:
                found.append((lemma(word), reach > 0))
                reach = max(0, reach - 1)
    return tuple(found)


def _plain(claims: tuple[tuple[str, bool], ...]) -> set[str]:
    return {m for m, negated in claims if not negated}


def _denied(claims: tuple[tuple[str, bool], ...]) -> set[str]:
    return {m for m, negated in claims if negated}


def _opposed(point: str, said: str) -> int:
    """How many of the point's words the answer replaces by an opposite."""
    ours, theirs = _forms(point), _forms(said)
    mine, yours = set().union(*ours), set().union(*theirs)
    return sum(1 for forms in ours if not forms & yours and any((opposites(f) & yours) - mine for f in forms))


@lru_cache(maxsize=8192)
def _forms(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset((w, lemma(w))) for w in words_of(text))


def _exchanged(ours: list[str], theirs: list[str], point: str, said: str) -> bool:
    """Most of the words both use once stand in the other order, and neither is a passive of the other."""
    both = [m for m in ours if ours.count(m) == 1 and theirs.count(m) == 1]
    if len(both) < 3 or (" by " in point) != (" by " in said):
        return False
    places = [theirs.index(m) for m in both]
    pairs = [(a, b) for i, a in enumerate(places) for b in places[i + 1 :]]
    return sum(a > b for a, b in pairs) > 0.6 * len(pairs)
