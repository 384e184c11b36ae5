"""A posting becomes requirements, each tied to its exact sentence.

Comes in: the text of one posting, in whatever form it was copied.  Goes out: a `JobPosting` whose spans count code points of its own `text`.
Everything here is code: no model is asked, nothing is stored. The text passes four stations: `cleaning` (plain lines with the way back),
`layout` (items under headings), `asks` (the several things one sentence asks for) and `facts`; `topics` names what each belongs to.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

from assistant.errors import NotAPosting, TooLong
from assistant.knowledge import data_folder, load_topics
from assistant.posting import words
from assistant.posting.asks import Ask, asks_of, skill_names
from assistant.posting.cleaning import Clean, clean
from assistant.posting.facts import facts_of
from assistant.posting.layout import Item, read
from assistant.posting.topics import TopicFinder, is_technical
from assistant.schema import JobPosting, Requirement, Topic
from assistant.text import normalise, sentences

MOST_CHARACTERS = 200_000
MOST_PARTS = 3_000
"""Lines, sentences or requirements: ten times what the longest posting has."""
LONGEST_SENTENCE = 800
NO_DUTIES = "I could not find duties in this text. Paste the part that lists responsibilities."
NO_LINKS = "I cannot open links. Paste the text of the posting."

_TOO_MANY = "This text has more lines than any posting has. Paste the part that lists responsibilities and requirements."
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?:[\w-]+\.)+(?:com|org|net|io|co|jobs|ai|dev|eu|uk|de|fr|in)(?:/\S*)?", re.IGNORECASE)
Kind = Literal["responsibility", "qualification", "skill"]


@dataclass(frozen=True)
class _Found:
    """One requirement before it has an id; places are in the plain text."""

    ask: Ask
    sentence: tuple[int, int]
    kind: Kind
    essential: bool
    stated: bool


def parse_posting(text: str, topics: tuple[Topic, ...] | None = None) -> JobPosting:
    """What a posting asks for, with exact spans. `topics` are the shipped ones unless others are given.

    Raises `NotAPosting` for a link or a text in which no duties are found, `TooLong` over 200,000 characters.
    """
    if len(text) > MOST_CHARACTERS:
        raise TooLong(
            f"This posting has {len(text):,} characters. The limit is {MOST_CHARACTERS:,}. Paste the part that lists responsibilities."
        )
    text = stored_form(text)
    if text.strip() and all(_LINK.fullmatch(word) for word in text.split()):
        raise NotAPosting(NO_LINKS)
    plain, layout = read(clean(text))
    if len(layout) > MOST_PARTS or sum(plain.text.count(mark) for mark in (". ", "! ", "? ", "\n- ")) > 2 * MOST_PARTS:
        raise TooLong(_TOO_MANY)
    about = facts_of(plain, layout)
    found = _found(plain, layout, about.hiring_organization)
    if not any(f.kind != "skill" for f in found):
        raise NotAPosting(NO_DUTIES)
    posting_id = _hash("posting", text)
    requirements = _requirements(plain, found, posting_id, _shipped_topics() if topics is None else topics)
    return JobPosting(
        id=posting_id,
        text=text,
        title=about.title,
        hiring_organization=about.hiring_organization,
        place=about.place,
        remote=about.remote,
        pay=about.pay,
        employment_type=about.employment_type,
        level=about.level,
        domain=about.domain,
        product=about.product,
        requirements=requirements,
    )


@lru_cache(maxsize=1)
def _shipped_topics() -> tuple[Topic, ...]:
    return load_topics(data_folder("knowledge") / "topics.yaml")[0]


def as_read(words_of_a_posting: str) -> str:
    """A phrase or sentence of a posting as a reader sees it: tags, marks of Markdown and hidden characters out, in one line.

    >>> as_read("**Own** our <b>build</b> system")
    'Own our build system'
    """
    return " ".join(clean(words_of_a_posting).text.split())


def stored_form(text: str) -> str:
    """The text as it is stored: line ends LF, no byte-order mark in front, half a surrogate pair shown as a question mark; nothing else altered."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")


# --- from items to what is asked -------------------------------------------------------------------------------------


def _found(plain: Clean, layout: tuple[Item, ...], organisation: str) -> list[_Found]:
    headed = any(i.role == "responsibility" for i in layout)
    known = frozenset(w for w, times in Counter(re.findall(r"[A-Za-z][\w.+#/-]*[\w+#]", plain.text)).items() if times > 1)
    job = bool(words.JOB_NOUN.search(plain.text[:2000])) or bool(
        re.search(r"\b(?:experience|responsib\w+|salary|role|position|job|hiring|candidate)\b", plain.text, re.IGNORECASE)
    )
    out: list[_Found] = []
    for item in layout:
        if len(out) > MOST_PARTS:
            raise TooLong(_TOO_MANY)
        if item.role == "skill" or (item.role == "preferred" and _only_names(plain.text, item)):
            for a, b in _short_enough(plain.text, item.start, item.end):
                out.extend(_skills(plain, replace(item, start=a, end=b), known))
        elif item.role != "skip" and not item.intro:
            for found in _from_sentences(plain, item, headed=headed, job=job, organisation=organisation):
                out.append(found)
                if len(out) > MOST_PARTS:
                    raise TooLong(_TOO_MANY)
    return _without_repeats(out)


def _only_names(text: str, item: Item) -> bool:
    line = text[item.start : item.end]
    return bool(re.search(r"skill|stack|tool|technolog", item.heading, re.IGNORECASE)) and not words.NEED.search(line)


def _skills(plain: Clean, item: Item, known: frozenset[str]) -> Iterator[_Found]:
    """A line under a heading of skills: names, or, where it speaks in sentences, what they ask for."""
    line = plain.text[item.start : item.end]
    names = [(a, b) for a, b in skill_names(plain.text, item.start, item.end, known) if any(c.isalnum() for c in plain.text[a:b])]
    longest = max((len(plain.text[a:b].split()) for a, b in names), default=0)
    if words.TO_A_MACHINE.search(line) or not names:
        return
    if longest > 5 or line.rstrip().endswith(".") or words.YEARS.search(line) or words.DEGREE.search(line):
        yield from _from_sentences(plain, replace(item, role="qualification"), headed=True, job=True, organisation="")
        return
    essential = not (item.role == "preferred" or words.OPTIONAL.search(f"{item.heading} {line}"))
    for a, b in names:
        yield _Found(Ask(a, b), (item.start, item.end), "skill", essential, stated=True)


def _from_sentences(plain: Clean, item: Item, *, headed: bool, job: bool, organisation: str) -> Iterator[_Found]:
    spans = _sentences(plain.text, item.start, item.end)
    for a, b in spans:
        sentence = plain.text[a:b]
        if words.TO_A_MACHINE.search(sentence) or sum(c.isalpha() for c in sentence) < 2:
            continue
        kind = _kind(sentence, item, alone=len(spans) == 1, headed=headed, job=job, organisation=organisation)
        if kind is None:
            continue
        duty = kind == "responsibility"
        pieces = asks_of(plain.text, a, b, duty=duty)
        for ask in pieces:
            if a <= ask.start < ask.end <= b and any(c.isalnum() for c in plain.text[ask.start : ask.end]):
                yield _Found(
                    ask, (a, b), kind, _essential(plain.text, ask, (a, b), item, duty), stated=item.role not in ("other", "lead", "about")
                )


def _kind(sentence: str, item: Item, *, alone: bool, headed: bool, job: bool, organisation: str) -> Kind | None:
    """What kind of requirement a sentence is under its heading; None for what is no requirement."""
    if words.BOILERPLATE.search(sentence) or words.NOT_ASKED.search(sentence):
        return None
    listed = item.bullet or alone
    about_us = bool(re.match(r"(?:we|our)\b|at [A-Z]", sentence, re.IGNORECASE)) or bool(organisation and sentence.startswith(organisation))
    if item.role != "responsibility" and words.PAY_LINE.match(sentence):
        return None
    if item.role in ("responsibility", "qualification", "preferred"):
        if words.BENEFIT.search(sentence) and not (item.bullet and item.role == "responsibility"):
            return None
        if about_us and not (words.DUTY.search(sentence) or words.NEED.search(sentence)):
            return None
        if (
            not listed
            and item.role == "responsibility"
            and words.NEED.search(sentence)
            and not words.DUTY.search(sentence)
            and not _begins_with_verb(sentence)
        ):
            return (
                "qualification"
                if re.search(r"\b(?:experience|degree|years|knowledge|familiar\w*|must have|required)\b", sentence, re.IGNORECASE)
                else "responsibility"
            )
        return "responsibility" if item.role == "responsibility" else "qualification"
    if words.BENEFIT.search(sentence):
        return None
    if item.role == "about":
        return "responsibility" if words.DUTY.search(sentence) and re.search(r"\byou(?:['’]ll| will)\b", sentence, re.IGNORECASE) else None
    needs = words.NEED.search(sentence)
    does = words.DUTY.search(sentence)
    if (
        does
        and needs
        and re.search(r"\byou(?:['’]ll| will)? (?:have|need|bring|should have|must have)\b|\byears\b|\bdegree\b", sentence, re.IGNORECASE)
    ):
        return "qualification"
    if does and not (item.role == "lead" and words.JOB_NOUN.fullmatch(sentence)):
        return "responsibility"
    if about_us and not re.search(r"\b(?:you|someone|candidate|experience)\b", sentence, re.IGNORECASE):
        return None
    if needs and job and (listed or not about_us or re.search(r"\byou\b|someone|looking for", sentence, re.IGNORECASE)):
        return "qualification" if not _is_title(sentence, item) else None
    if (item.bullet or (alone and not headed)) and job and _begins_with_verb(sentence) and len(sentence.split()) >= 3:
        return "responsibility"
    return None


def _is_title(sentence: str, item: Item) -> bool:
    return (
        item.role == "lead"
        and not item.bullet
        and len(sentence.split()) <= 9
        and bool(words.JOB_NOUN.search(sentence))
        and not words.YEARS.search(sentence)
    )


def _begins_with_verb(sentence: str) -> bool:
    first = re.match(r"\s*(?:[A-Za-z]+ly\s+)?([A-Za-z-]+)", sentence)
    word = first[1].lower() if first else ""
    return word in words.VERBS or word in words.VERBS_ING or word in words.VERBS_S


def _essential(text: str, ask: Ask, sentence: tuple[int, int], item: Item, duty: bool) -> bool:
    if item.role == "preferred":
        return False
    if duty:
        return True
    a, b = sentence
    # A remark such as "a plus" counts for its own part of the sentence where another part is said to be required.
    left = max(text.rfind(";", a, ask.start), a)
    right = text.find(";", ask.end, b)
    right = b if right < 0 else right
    said = _main_part(text[left:right])
    if (
        words.OPTIONAL.search(said)
        and words.MUST.search(said)
        and not re.search(r"\bnot\b.{0,12}\b(?:required|essential|necessary|mandatory)\b", said)
    ):
        comma_left = max(text.rfind(",", left, ask.start), left)
        comma_right = text.find(",", ask.end, right)
        said = text[comma_left : right if comma_right < 0 else comma_right]
    return not (words.OPTIONAL.search(said) or words.OPTIONAL.search(item.heading))


def _main_part(said: str) -> str:
    """Without what only adds a wish to it: "(SQL preferred)", ", ideally on BigQuery"."""
    said = re.sub(r"\(([^()]*)\)", lambda m: m[0] if words.OPTIONAL.sub("", m[1]).strip(" ,;") in ("", "a", "an", "is") else " ", said)
    return re.sub(r"(?<=\w\s\w\w),?\s+(?:ideally|preferably)\b.*|(?<=\w\w\w),\s+(?:ideally|preferably)\b.*", "", said)


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Sentences of one item; a piece that goes on in small letters belongs to the one before it."""
    spans: list[tuple[int, int]] = []
    for s in sentences(text[start:end]):
        a, b = start + s.start, start + s.end
        if spans and (
            text[a].islower()
            or re.search(
                r"\b(?:Sr|Jr|Ph\.?D|B\.?S|M\.?S|B\.?A|yrs|exp|min|U\.S|incl|resp|mgmt|dept|equiv|gov)\.$",
                text[spans[-1][0] : spans[-1][1]],
                re.IGNORECASE,
            )
        ):
            spans[-1] = (spans[-1][0], b)
        else:
            spans.append((a, b))
    return [piece for a, b in spans for piece in _short_enough(text, a, b)]


def _short_enough(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What has no full stop for pages is cut at the last semicolon, comma or space before the limit."""
    while end - start > LONGEST_SENTENCE:
        limit = start + LONGEST_SENTENCE
        cut = next((at + 1 for at in (text.rfind(mark, start + 1, limit) for mark in ("; ", ", ", " ")) if at > 0), limit)
        yield start, cut
        start = cut + len(text[cut:end]) - len(text[cut:end].lstrip())
    if start < end:
        yield start, end


def _without_repeats(found: list[_Found]) -> list[_Found]:
    seen: set[tuple[int, int]] = set()
    out = []
    for f in found:
        place = (f.ask.start, f.ask.end)
        if place not in seen:
            seen.add(place)
            out.append(f)
    return out


# --- from what is asked to requirements ------------------------------------------------------------------------------


def _requirements(plain: Clean, found: list[_Found], posting_id: str, topics: tuple[Topic, ...]) -> tuple[Requirement, ...]:
    find = lru_cache(maxsize=None)(partial(TopicFinder(topics).find, technical=is_technical(plain.text)))
    competencies = {t.id: t.competency for t in topics}
    out: list[Requirement] = []
    for f in found:
        span = plain.span(f.ask.start, f.ask.end)
        sentence_span = plain.span(*f.sentence)
        phrase_words = plain.text[f.ask.start : f.ask.end]
        named = find(phrase_words)
        if not named and f.kind != "skill":
            named = find(plain.text[f.sentence[0] : f.sentence[1]])
        out.append(
            Requirement(
                id=_hash(posting_id, f.kind, str(span.start), str(span.end)),
                phrase=span.of(plain.original),
                span=span,
                sentence=sentence_span.of(plain.original),
                sentence_span=sentence_span,
                kind=f.kind,
                essential=f.essential,
                askable=f.ask.askable,
                topics=named if f.ask.askable else (),
                competency=competencies[named[0]] if named and f.ask.askable else "",
                confidence="stated" if f.stated else "implied",
            )
        )
    return _linked(out)


def _linked(requirements: list[Requirement]) -> tuple[Requirement, ...]:
    """A listed skill that a line already names points to it; a skill listed twice points to its first place."""
    if not any(r.kind == "skill" for r in requirements):
        return tuple(requirements)
    folded = lru_cache(maxsize=None)(normalise)
    lines = [(r, f" {folded(r.phrase)} ", f" {folded(r.sentence)} ") for r in requirements if r.kind != "skill"]
    first: dict[str, str] = {}
    out = []
    for r in requirements:
        if r.kind == "skill":
            name = folded(r.phrase)
            wanted = f" {name} "
            target = first.get(name) if name else None
            if name and target is None:
                target = next((q.id for q, phrase, _ in lines if wanted in phrase), None) or next(
                    (q.id for q, _, sentence in lines if wanted in sentence), None
                )
            if target is None and name:
                first[name] = r.id
            r = r.model_copy(update={"same_as": target})
        out.append(r)
    return tuple(out)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


__all__ = ["MOST_CHARACTERS", "NO_DUTIES", "NO_LINKS", "as_read", "parse_posting", "stored_form"]
