"""What an answer is as a whole, before any point is looked for: words in order, in English, about something, and not to the grader.

Comes in: the answer and the question.  Goes out: its standing with a plain remark, and the sentences that may serve as evidence.
The thresholds were set on the shipped bank's own texts and their words put out of order (docs/embedded-judge.md).
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from assistant.embedded.matching import FUNCTION_WORDS, lemma, words_of
from assistant.schema import Frozen, Span
from assistant.text import evidence, sentences, speaks_to_grader, strip_hidden

SURE_WORDS = 16
"""From so many words on, an order that English does not have is no accident."""
PROSE = 0.25
"""The share of function words that sentences have; put out of order they keep it, while notes have fewer."""
KEY_WORDS = 0.12
"""Below this share, eight words and more are key words in a row, or notes."""
ENGLISH_ONLY = "I can only check answers in English."

_ENDINGS = ("ing", "ed", "ly", "tion", "ment", "ness", "ity", "able", "ive", "al", "ous", "ful", "er", "es", "s")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_BREAK = re.compile(r"[,;:()\[\]{}\"“”—–`]|\s-\s")
_DOTTED = re.compile(r"\b[a-z_]\w*\.[a-z_]\w+\b", re.IGNORECASE)
_ITEM = re.compile(r"(?:^|(?<=\s))(?:[-*•–]|\(?\d{1,2}[.)]|\(?[a-h][.)])\s*(?=[^\W\d])", re.MULTILINE)
_PART = re.compile(r"[,;.:\n]\s")
_SYMBOLS = re.compile(r"[=(){}\[\]<>_;*+/^|&%#$`\\~≤≥≈×·∑√]")
_OPENING = r"(?:(?:well|sorry|honestly|hmm+|um+|uh+|er+m*|so|ok|okay|actually|frankly|unfortunately|to be (?:honest|frank|fair)|i(?:'m| am) afraid|apologies|oh|right|look|no)[,.… ]+)*"
_DONT_KNOW = re.compile(
    rf"^{_OPENING}(?:but )?(?:that )?(?:"
    r"i(?: have to admit| must admit| guess)?,? ?(?:that )?(?:i )?(?:really |honestly |just |simply |currently |still )*"
    r"(?:do not|don't|dont|did not|didn't|can not|cannot|can't|cant|could not|couldn't|would not|wouldn't|won't)(?: really| actually| even| quite| currently)*"
    r" (?:know\b(?! (?:that|which|how much|of any))|remember|recall|have (?:an? |any )?(?:good |real |clear )?(?:answer|idea|clue)|answer (?:this|that|it)\b"
    r"|understand the question|be able to answer)"
    r"|i(?: have|'ve) never (?:really |actually |even )?(?:learn(?:ed|t)|come across|heard|worked|studied|done|used|dealt|had to)"
    r"|i(?: have|'ve| 've)? (?:absolutely |really |honestly )?(?:got )?no (?:idea|clue|answer|knowledge|experience|thoughts?)\b"
    r"|i(?:'m| am) (?:really |honestly |just )?(?:not (?:sure|certain|familiar)|unfamiliar|stuck|lost|clueless|drawing a blank|blanking)\b"
    r"|(?:no idea|no clue|not sure|not certain|dunno|idk|pass|skip|n/?a|none|nothing|nope|no|yes|ok|okay|unknown|unsure|tbd|todo|help|whatever|nil|same)\b[ .!?]*$"
    r"|(?:no idea|no clue|dunno|idk|beats me|search me|who knows|haven't a clue|not a clue|don't know|do not know)\b"
    r"|(?:i )?(?:give up|pass on (?:this|that)|skip th(?:is|at)|would rather (?:not|skip)|prefer not to answer)\b"
    r"|nothing (?:comes|springs) to mind|my mind (?:is|has gone|went) blank|(?:this|that|it)(?:'s| is) (?:beyond|above) me\b"
    r"|i(?:'d| would| will|'ll)? (?:have to |need to )(?:pass|skip|look (?:it|this|that) up|google|guess|get back to you|come back to)"
    r"|next question|(?:could|can|would) you (?:please )?(?:repeat|rephrase|tell me|give me|skip|explain the question)|please (?:skip|move on|tell me)"
    r")",
    re.IGNORECASE,
)

_REMARKS = {
    "blank": "There is no answer here yet.",
    "short": "This does not answer the question yet.",
    "unknown": "You say that you don't know this one, so there is nothing to check yet.",
    "echo": "This repeats the question and does not answer it yet.",
    "list": "This reads as a list of key words. Say in sentences how they belong together.",
    "scrambled": "The words do not stand in the order of sentences, so there is nothing here I can check.",
    "gibberish": "I cannot read words here that answer the question.",
    "grader": "This speaks to whoever grades it and does not answer the question yet.",
}


class Standing(Frozen):
    """What an answer is, its remark for a candidate, and its sentences that can be evidence."""

    standing: Literal["graded", "not answered", "another language"] = "graded"
    remark: str = ""
    usable: tuple[Span, ...] = ()
    doubtful: bool = False
    """Too short, or too much like notes, to be sure, but its words seem out of order."""


def stand(answer: str, question: str) -> Standing:
    """Whether an answer can be graded, and by which of its sentences.

    >>> stand("No idea, sorry.", "What is a mask?").standing, stand("Eine Maske verdeckt die Zukunft und ist nicht neu.", "").standing
    ('not answered', 'another language')
    """
    text = strip_hidden(answer)
    words = words_of(text)
    if not words and not _symbols(text):
        return _junk("blank")
    if _other_script(text) or _other_language(words):
        return Standing(standing="another language", remark=ENGLISH_ONLY)
    known = [s for s in sentences(answer) if not _DONT_KNOW.match(strip_hidden(s.of(answer)).strip())]
    if not any(_content(s.of(answer)) for s in known):
        return _junk("unknown" if len(words) > 1 else "short")
    if all(speaks_to_grader(s.of(answer)) for s in known):
        return _junk("grader")
    joining = sum(w in FUNCTION_WORDS for w in words) / max(1, len(words))
    sure = len(words) >= SURE_WORDS and joining >= PROSE and not _itemised(text)
    formal = _symbols(text) >= 0.06 or len(_DOTTED.findall(text)) >= 3
    if not formal:
        if _gibberish(words):
            return _junk("gibberish")
        if len(words) >= 8 and joining < KEY_WORDS and not (_itemised(text) or _parted(text)):
            return _junk("list")
        if sure and scrambled(text):
            return _junk("scrambled")
    if _echoes(words, question):
        return _junk("echo")
    allowed = set(evidence(answer, question))
    doubtful = not formal and not sure and scrambled(text)
    usable = tuple(s for s in known if s in allowed and (formal or doubtful or not scrambled(s.of(answer))))
    return Standing(usable=usable, doubtful=doubtful) if usable else _junk("short")


def _itemised(text: str) -> bool:
    """Points of some words each under bullets or numbers: short notes."""
    starts = [m.end() for m in _ITEM.finditer(text)]
    return _several([len(words_of(text[a:b])) for a, b in pairwise([*starts, len(text)])], 2.5)


def _parted(text: str) -> bool:
    """Points of some words each between marks: short notes, where key words would be one or two."""
    return _several([n for part in _PART.split(text) if (n := len(words_of(part)))], 4)


def _several(sizes: list[int], words: float) -> bool:
    return len(sizes) >= 3 and sum(sizes) / len(sizes) >= words


def scrambled(text: str) -> bool:
    """Whether the words stand in an order that English does not have; short texts get the benefit of the doubt.

    The mean over neighbouring words of ln(how often their kinds stand so / how often by chance), held against .05 - 4 / (number of neighbours).
    """
    values = [v for row in kinds(text) for v in _neighbours(row)]
    return len(values) >= 9 and sum(values) / len(values) < 0.05 - 4 / len(values)


def kinds(text: str) -> list[list[str]]:
    """The kind of every word, stretch by stretch between marks: itself for a function word, `#` with a digit, else its ending or `~`."""
    found = []
    for sentence in sentences(text):
        for stretch in _BREAK.split(sentence.of(text)):
            row = [_kind(w) for w in _WORD.findall(stretch)]
            if len(row) >= 2:
                found.append(row)
    return found


def opposites(word: str) -> frozenset[str]:
    """The opposites of a lower-case word, as WordNet and the field have them."""
    return frozenset(_tables()["opposites"].get(word, ()))


def _kind(written: str) -> str:
    word = written.lower().replace("’", "'")
    if len(word) == 1 and written.isupper() and written not in "AI":
        return "#"
    if word in FUNCTION_WORDS:
        return word
    if any(c.isdigit() for c in word):
        return "#"
    return next((f"-{e}" for e in _ENDINGS if word.endswith(e) and len(word) > len(e) + 2), "~")


def _neighbours(row: list[str]) -> Iterator[float]:
    """For every two neighbours, ln(how often they stand so / how often by chance), drawn towards 0 where little was seen."""
    first, second, both, total = _pairs()
    for a, b in zip(["", *row], [*row, ""], strict=True):
        chance = (first.get(a, 0) + 0.5) * (second.get(b, 0) + 0.5) / total
        prior = chance / (chance + 1) + 0.02
        yield math.log((both.get(a, {}).get(b, 0) + prior) / (chance + prior))


def _junk(kind: str) -> Standing:
    return Standing(standing="not answered", remark=_REMARKS[kind])


def _symbols(text: str) -> float:
    """The share of marks of code and formulas among the characters that are no space."""
    solid = sum(not c.isspace() for c in text)
    return len(_SYMBOLS.findall(text)) / solid if solid else 0.0


def _content(text: str) -> bool:
    return any(w not in FUNCTION_WORDS for w in words_of(text))


def _other_script(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    foreign = sum(not unicodedata.name(c, "").startswith(("LATIN", "GREEK", "MATHEMATICAL", "FULLWIDTH LATIN")) for c in letters)
    return foreign >= 4 and foreign > len(letters) / 2


def _other_language(words: list[str]) -> bool:
    if len(words) < 4:
        return False
    english = sum(w in FUNCTION_WORDS for w in words) / len(words)
    other = max(sum(w in table for w in words) / len(words) for table in _languages())
    return other >= 0.15 and other > 1.5 * english


def _gibberish(words: list[str]) -> bool:
    """Few of the words are English, or the same few words come again and again."""
    import simplemma

    plain = [w for w in words if w.isalpha()]
    if len(plain) >= 3 and sum(w in FUNCTION_WORDS or simplemma.is_known(w, lang="en") for w in plain) / len(plain) < 0.4:
        return True
    return len(words) >= 8 and len(set(words)) <= max(3, len(words) // 20)


def _echoes(words: list[str], question: str) -> bool:
    """Nine in ten of the answer's words of content are the question's, and most neighbours stand side by side there too."""
    asked = [lemma(w) for w in words_of(question)]
    said = [lemma(w) for w in words]
    content = [m for m, w in zip(said, words, strict=True) if w not in FUNCTION_WORDS]
    if len(content) < 3 or sum(m in asked for m in content) < 0.9 * len(content):
        return False
    together = set(pairwise(asked))
    return sum(pair in together for pair in pairwise(said)) >= 0.85 * (len(said) - 1)


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    """`words.json`, made by tools/build_word_tables.py."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _pairs() -> tuple[dict[str, int], Counter[str], dict[str, dict[str, int]], int]:
    """How often a kind came first, second, and followed by another; and how many pairs were seen."""
    both: dict[str, dict[str, int]] = _tables()["pairs"]
    first = {a: sum(row.values()) for a, row in both.items()}
    second: Counter[str] = Counter()
    for row in both.values():
        second.update(row)
    return first, second, both, sum(first.values())


@lru_cache(maxsize=1)
def _languages() -> tuple[frozenset[str], ...]:
    loaded: dict[str, str] = json.loads((Path(__file__).parent / "languages.json").read_text(encoding="utf-8"))
    return tuple(frozenset(words.split()) for words in loaded.values())
