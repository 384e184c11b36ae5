"""Which topics a requirement belongs to, by the phrases that `topics.yaml` lists for postings.

Comes in: the topics, once, and requirements' words.  Goes out: topic ids, nearest first; none where no phrase is near.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

from assistant.posting.words import word_set
from assistant.schema import Topic

MOST = 3
_FUNCTION_WORDS = word_set(
    "a an the of and or in on at to for with by from as is are be its their our your other using across through into"
)
# One-word phrases that every trade uses: they count only in a posting that is about software, data or models.
_EVERYDAY = word_set(
    "monitor evalu metric test align avail recur deploy experi payment lend mentor collabor ray document commun python transform train"
)
_TECHNICAL = re.compile(
    r"\b(?:machine learning|data|software|engineer(?:ing)?|model(?:l?ing|s)?|ML|AI|python|sql|cloud|distributed|algorithm\w*|backend|platform|infrastructure)\b",
    re.IGNORECASE,
)


class TopicFinder:
    """Scores the topics' phrases against short texts; made once per set of topics."""

    def __init__(self, topics: tuple[Topic, ...]) -> None:
        self._phrases: list[tuple[int, tuple[str, ...], str]] = []
        self._by_stem: dict[str, list[int]] = {}
        self._ids = [t.id for t in topics]
        for place, topic in enumerate(topics):
            for phrase in topic.phrases:
                stems = tuple(stem_words(phrase))
                if stems:
                    for s in set(stems):
                        self._by_stem.setdefault(s, []).append(len(self._phrases))
                    self._phrases.append((place, stems, phrase))
        counts = Counter(s for _, stems, _ in self._phrases for s in set(stems))
        self._weight = {s: math.log(1 + len(self._phrases) / n) for s, n in counts.items()}

    def find(self, text: str, *, technical: bool) -> tuple[str, ...]:
        """Topic ids for one requirement's words. `technical` lets everyday words such as "monitoring" count."""
        stems = stem_words(text)
        there = Counter(stems)
        line = f" {' '.join(stems)} "
        best: dict[int, float] = {}
        for number in {n for s in there for n in self._by_stem.get(s, ())}:
            place, phrase, words = self._phrases[number]
            score = self._score(phrase, there, line)
            if len(phrase) == 1 and phrase[0] in _EVERYDAY and not technical:
                continue
            if words in ("Ray", "Spark") and not re.search(rf"\b{words}\b", text):
                continue
            best[place] = max(best.get(place, 0.0), score)
        ranked = sorted((place for place, score in best.items() if score > 0), key=lambda p: (-best[p], p))
        top = best[ranked[0]] if ranked else 0.0
        return tuple(self._ids[p] for p in ranked[:MOST] if best[p] >= 0.4 * top)

    def _score(self, phrase: tuple[str, ...], there: Counter[str], line: str) -> float:
        """The weight of the phrase's words that are there; all of them in a row count half again, under two thirds nothing."""
        found = [s for s in phrase if s in there]
        whole = sum(self._weight[s] for s in phrase)
        share = sum(self._weight[s] for s in found) / whole
        if f" {' '.join(phrase)} " in line:
            return 1.5 * whole
        return share * share * whole if share >= 0.65 and len(found) >= 2 else 0.0


def is_technical(text: str) -> bool:
    """The posting is about software, data or models: at least five of their words, or one in every sixty."""
    found = len(_TECHNICAL.findall(text))
    return found >= 5 and found * 120 >= len(text.split())


def stem_words(text: str) -> list[str]:
    """Lower-case stems without function words.

    >>> stem_words("Mentoring senior engineers")
    ['mentor', 'senior', 'engine']
    """
    return [_stem(w) for w in re.findall(r"[a-z0-9+#]+", text.lower().replace("’", "'")) if w not in _FUNCTION_WORDS]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    for ending, least in (
        ("ations", 4),
        ("ation", 4),
        ("ities", 4),
        ("ity", 4),
        ("ings", 3),
        ("ing", 3),
        ("ement", 4),
        ("ments", 4),
        ("ment", 4),
        ("ies", 3),
        ("ally", 4),
        ("ably", 4),
        ("ence", 4),
        ("ers", 4),
        ("ent", 5),
        ("able", 4),
        ("ability", 3),
        ("ed", 3),
        ("ly", 4),
        ("es", 3),
        ("s", 3),
        ("ive", 4),
        ("al", 4),
        ("e", 3),
        ("y", 4),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word
