"""What one sentence asks for: the several things of a long bullet, each a stretch of its words.

Comes in: a sentence of plain text.  Goes out: `Ask`s in order, half-open in the text given, never overlapping.
A verb clause is one ask ("mentoring senior engineers"); so is each item of an enumeration after "including" or after a word of skill
("proficiency in Python and SQL"). Examples after "such as" and alternatives joined by "or" stay with what they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.posting import words

_TRIM_LEFT = re.compile(
    r"(?:[\s,;:.–—\-|/+&•*\"“”'’]+|\((?=[^()]*$)|(?:and|or|then|also|as well as|plus|with|but|while|by)\b(?=\s)[\s,]*)+", re.IGNORECASE
)
_TRIM_RIGHT = re.compile(r"(?:[\s,;:.!?–—\-|/&\"“”]|\b(?:and|or|as well as|with|but|of)$|(?<!\w)\($)+$", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:(?:in|as|for|on|within|during)\s+(?:this|the|your|an?|our)\b[^,.;:]{0,60},\s*|(?:\w+\s+){1,5}?(?=you(?:['’]ll|\s+will)\b))?"
    r"(?:(?:you(?:['’]ll|\s+will|\s+would|['’]d|\s+shall)?|(?:the\s+)?(?:successful|ideal|right)?\s*(?:candidate|applicant|person|incumbent|post\s?holder|hire)(?:\s+(?:will|should|must|would))?|(?:the\s+|this\s+)?(?:role|position|job)\s+will)"
    r"\s+(?:also\s+)?(?:get\s+to\s+|(?:be\s+)?(?:expected|required|asked)\s+to\s+|need\s+to\s+(?:have\s+|be\s+)?|have\s+to\s+|should\s+(?:also\s+)?(?:have\s+|be\s+)?|must\s+(?:also\s+)?(?:have\s+|be\s+)?|(?:ideally\s+)?(?:have|bring|possess|has|brings|is|are|be|need|needs)\s+)?"
    r"|you(?:['’]ve|['’]re)\s+(?:got\s+)?(?:an?\s+)?"
    r"|we(?:['’]re|\s+are)\s+(?:looking\s+for|seeking)\s+(?:someone|somebody|a\s+person|people|candidates)\s+(?:who\s+(?:has\s+|have\s+|is\s+|can\s+|will\s+)?|with\s+|that\s+(?:has\s+)?|to\s+)?"
    r"|we\s+(?:need|want|expect|ask)\s+(?:you|someone|somebody)\s+(?:to|who|with)\s+|(?:you\s+)?must\s+(?:have|be)\s+|ideally,?\s+(?:you\s+(?:have\s+|also\s+)?)?|your\s+(?:job|role|task|mission|work)\s+(?:is|will\s+be|includes|involves)\s+(?:to\s+)?|(?:nice\s+to\s+have|bonus(?:\s+points)?(?:\s+(?:for|if\s+you(?:\s+have)?))?|preferred|required|must[- ]have)\s*:\s*)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,–—-]*\(?\s*(?:(?:is|are|would\s+be|will\s+be|being|considered)\s+)?(?:strongly\s+|highly\s+|also\s+)?(?:an?\s+(?:(?:big|strong|huge|definite|real|great|nice)\s+)?(?:plus|bonus|must|advantage|asset)|advantageous|preferred|desirable|desired|required|essential|mandatory|beneficial|welcome|optional|nice[\s-]to[\s-]haves?|nice|helpful|a\s+must[\s-]have|must|needed|ideal|plus)\s*\)?$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"(?:(?:\b(?:experience|expertise|proficien(?:cy|t)|knowledge|understanding|familiar(?:ity)?|fluen(?:cy|t)|skilled|skills|grasp|command|background|comfort|comfortable|competen(?:ce|cy|t)|mastery|foundation|grounding|exposure|experienced|expert|well[- ]versed|knowledgeable|adept|versed|talent|interest)"
    r"(?:\s+(?:working|writing|using|coding|programming|developing|building))?\s+(?:with|in|of|using|for|on|about|at|to)\s+(?:(?:the|both|using|tools\s+like|at\s+least\s+one\s+of)\s+)?)|^\s*(?:know|understand|love)\s+)",
    re.IGNORECASE,
)
_INCLUDING = re.compile(
    r"(?:,\s*)?\b(?:including(?:\s+but\s+not\s+limited\s+to)?|covering|spanning|namely|comprising|involving)\b:?\s+", re.IGNORECASE
)
_FROM = re.compile(r",\s+from\s+(?=\S.{2,80}?\s(?:to|through)\s)", re.IGNORECASE)
_EXAMPLES = re.compile(r"\b(?:such as|like|e\.g\.?|for example|for instance|i\.e\.?)\b", re.IGNORECASE)
_ITEM_CUT = re.compile(r",\s*(?:and\s+|&\s+|as\s+well\s+as\s+)?|\s+(?:and|&|as\s+well\s+as|plus)\s+|\s*;\s*", re.IGNORECASE)
_AN_ASIDE = re.compile(r"(?:nobody|no one|we|it|this|they|that|there|our)\b", re.IGNORECASE)
_COMMA_CUT = re.compile(r",\s*(?:and\s+|&\s+|as\s+well\s+as\s+)?|\s*;\s*", re.IGNORECASE)
_TO = re.compile(r"\s+(?:to|through)\s+", re.IGNORECASE)
_HARD_CUT = re.compile(r"\s*;\s+|;$|\s+\|\s+|\s*\n\s*|\s[–—]\s|\s--?\s(?=\S)")
_CLAUSE_CUT = re.compile(
    r"(?P<comma>,\s*(?:(?:and|then|while|as well as|by|plus)\s+)?(?:also\s+|then\s+|continuously\s+|actively\s+)?)(?=(?P<w1>[A-Za-z-]+)\b)|\s+(?P<joint>(?:and|then|while|as well as|&)\s+(?:also\s+|then\s+|to\s+)?)(?=(?P<w2>[A-Za-z-]+)\b)",
    re.IGNORECASE,
)
_WITH = re.compile(
    r",?\s+(?:with|and|plus|but)\s+(?=(?:an?\s+)?(?:proven|strong|solid|demonstrated|deep|excellent|good|exceptional|keen|working|basic|advanced|hands-on|track|extensive|practical|some)\b[^,;]{0,40}?\b(?:track|record|ability|skills?|experience|knowledge|understanding|background|expertise|command|grasp|eye|focus|interest|familiarity|proficiency)\b)",
    re.IGNORECASE,
)
_THE_SECOND_HEAD = re.compile(
    r",?\s+(?:and|plus|as well as)\s+(?=(?:an?\s+|the\s+)?(?:\w+\s+){0,2}(?:experience|expertise|knowledge|understanding|familiarity|proficiency|ability|willingness|comfort|passion|fluency|track record|command|desire|interest)\s+(?:with|in|of|to|using|for|working)\b|at least\s+\d|\d+\+?\s+years)",
    re.IGNORECASE,
)
_AND_YOU = re.compile(
    r",?\s+(?:and|but)\s+(?=you(?:['’](?:ll|re|ve)|\s+(?:will|have|are|can|know|write|bring|understand|enjoy|like|love|think|work|care))\b)",
    re.IGNORECASE,
)
_LONE_ADJECTIVE = re.compile(
    r"^(?:[a-z-]+(?:ed|al|ive|ary|ous|ic|ant|ent|ful|less|ible|able|ern|end|term|line|time|level|to)|batch|small|large|new|old|good|strong|early|late|deep|short|long|soft|hard|front|back|both|written|verbal|oral|spoken|internal|external|cross)$"
)


@dataclass(frozen=True)
class Ask:
    start: int
    end: int
    askable: bool = True


def asks_of(text: str, start: int, end: int, *, duty: bool) -> tuple[Ask, ...]:
    """The things `text[start:end]`, one sentence, asks for. `duty` is true under responsibilities, where a sentence begins with a verb."""
    found: list[Ask] = []
    for a, b in _cut(text, start, end, _HARD_CUT):
        a, b = _trim(text, a, b, lead=True)
        if a >= b or (found and _AN_ASIDE.match(text, a, b)):
            continue
        found.extend(_asks_of_segment(text, a, b, duty))
    if not found:
        a, b = _trim(text, start, end, lead=False)
        if a < b:
            found.append(Ask(a, b))
    return tuple(found)


def skill_names(text: str, start: int, end: int, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    """The names in a line of skills: parted by commas, bars, dots or nothing at all.

    >>> line = "PythonXGBoostMLflow"
    >>> [line[a:b] for a, b in skill_names(line, 0, len(line), frozenset())]
    ['Python', 'XGBoost', 'MLflow']
    """
    for a, b in _cut(text, start, end, re.compile(r"\s*[,;|•·●▪\n\t]\s*|\s+/\s+|\s{3,}|\s+(?:and|&)\s+(?=\S+(?:\s\S+)?$)")):
        a, b = _trim(text, a, b, lead=False)
        for c, d in _run_together(text, a, b, known):
            c, d = _trim(text, c, d, lead=False)
            if c < d:
                yield c, d


# --- the parts of a sentence -----------------------------------------------------------------------------------------


def _asks_of_segment(text: str, start: int, end: int, duty: bool) -> Iterator[Ask]:
    segment = text[start:end]
    if words.STATED.search(segment) and not duty and len(segment.split()) <= 30:
        yield Ask(start, end, askable=False)
        return
    years = None if duty else words.YEARS.search(text, start, end)
    degree = None if duty else words.DEGREE.search(text, start, end)
    if years and _counts(text, years, start):
        yield from _around_years(text, start, end, years, duty)
        return
    if degree:
        yield from _around_degree(text, start, end, duty)
        return
    yield from _plain(text, start, end, duty)


def _counts(text: str, years: re.Match[str], start: int) -> bool:
    """Years that are asked of the candidate: not the years of a plan, nor a remark in brackets behind a skill."""
    before = text[start : years.start()]
    if before.count("(") > before.count(")"):
        return False
    return bool(re.search(r"experience|exp\b", years.group(), re.IGNORECASE)) or len(before.split()) <= 6


def _around_years(text: str, start: int, end: int, years: re.Match[str], duty: bool) -> Iterator[Ask]:
    before = text[start : years.start()].strip(" ,:-–—(")
    stop = years.end()
    if degree := words.DEGREE.search(text, start, years.start()):
        # "Bachelor's degree and 5+ years of experience in X": the degree stands alone.
        a, b = _trim(text, start, years.start(), lead=True)
        if degree and a < b:
            yield Ask(a, b, askable=False)
        before, start = "", years.start()
    rest_from = words.AFTER_YEARS.match(text, stop, end)
    rest = rest_from.end() if rest_from else stop
    a, b = _trim(text, rest, end, lead=False)
    subject = text[a:b]
    if later := words.DEGREE.search(text, rest, end):
        cut = _joint_before(text, rest, later.start())
        if later.start() - rest < 12 or words.NOT_A_SUBJECT.match(text[rest:cut].strip(" ,")):
            yield Ask(*_trim(text, start if not before else years.start(), end, lead=True), askable=False)
            return
        yield Ask(*_trim(text, start, stop, lead=True), askable=False)
        yield from _plain(text, *_trim(text, rest, cut, lead=False), duty)
        c, d = _trim(text, cut, end, lead=False)
        if c < d:
            yield Ask(c, d, askable=False)
        return
    if len(before.split()) >= 2 and len(subject.split()) <= 1:
        # "Proven experience as a data analyst, at least 3 years": the subject stands in front.
        head, tail = _trim(text, start, years.start(), lead=True)
        yield from _plain(text, head, tail, duty)
        yield Ask(*_trim(text, years.start(), end, lead=False), askable=False)
        return
    if not subject or len(subject) < 2 or words.NOT_A_SUBJECT.match(subject) or words.OPTIONAL.fullmatch(subject):
        yield Ask(*_trim(text, start, end, lead=True), askable=False)
        return
    yield Ask(*_trim(text, start, stop, lead=True), askable=False)
    listed = list(_objects(text, a, a, b))
    if len(listed) >= 2 and not any(_is_verb(text[c:d].split()[0]) for c, d in listed):
        yield from (Ask(c, d) for c, d in listed)
    else:
        yield from _plain(text, a, b, duty)


def _around_degree(text: str, start: int, end: int, duty: bool) -> Iterator[Ask]:
    parts = list(_cut(text, start, end, _THE_SECOND_HEAD))
    if len(parts) == 1:
        parts = list(_cut(text, start, end, _WITH))
    for a, b in parts:
        a, b = _trim(text, a, b, lead=True)
        if a >= b:
            continue
        if words.DEGREE.search(text, a, b):
            yield Ask(a, b, askable=False)
        else:
            yield from _plain(text, a, b, duty)


def _plain(text: str, start: int, end: int, duty: bool) -> Iterator[Ask]:
    start, end = _trim(text, start, end, lead=True)
    if start >= end:
        return
    for a, b in _colon_list(text, start, end):
        for c, d in _clauses(text, a, b, duty):
            for e, f in _enumerated(text, c, d):
                e, f = _trim(text, e, f, lead=True)
                if e < f:
                    yield Ask(e, f)


def _colon_list(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Head and items of "Leadership: setting strategy, aligning teams"; a short label before a colon stays with what it labels."""
    colon = text.find(": ", start, end)
    if colon < 0 or text[start:colon].count("("):
        yield start, end
        return
    after = list(_list_items(text, colon + 2, end))
    if len(after) >= 2 and len(text[start:colon].split()) >= 2 and all(len(text[a:b].split()) <= 12 for a, b in after):
        yield start, colon
        yield from after
    elif len(text[start:colon].split()) >= 2 and len(text[colon + 2 : end].split()) >= 6:
        yield colon + 2, end
    else:
        yield start, end


def _clauses(text: str, start: int, end: int, duty: bool) -> Iterator[tuple[int, int]]:
    """Cut before a joined verb that has its own object, and before "with a proven record of ..."."""
    cuts: list[tuple[int, int, str]] = [(m.start(), m.end(), "") for m in _WITH.finditer(text, start, end)]
    cuts += [(m.start(), m.end(), "") for m in _AND_YOU.finditer(text, start, end)]
    cuts += [(m.start(), m.end(), "") for m in _THE_SECOND_HEAD.finditer(text, start, end)]
    for m in _CLAUSE_CUT.finditer(text, start, end):
        which = "w1" if m["w1"] else "w2"
        cuts.append((m.start(), m.start(which), m[which].lower()))
    cuts.sort()
    at = start
    for cut, resume, word in cuts:
        if cut < at or _inside_brackets(text, start, cut):
            continue
        if word and not _opens_clause(text, word, resume, end, _forms_of(text[at:cut], duty)):
            continue
        left = text[at:cut].split()
        if len(left) < 2 or _is_verb(left[-1]) or _in_examples(text, at, cut) or _only_verbs(left):
            continue
        yield at, cut
        at = resume
    yield at, end


def _forms_of(piece: str, duty: bool) -> frozenset[str]:
    """The verb forms that may follow "and" after this piece: the form of its own first word, the base form after "to" or "will"."""
    opening = re.match(r"(?:([A-Za-z]+ly)\s+)?([A-Za-z-]+)", piece)
    word = opening[2].lower() if opening else ""
    forms: set[str] = set()
    imperative = duty and bool(word) and not re.search(r"(?:ing|ed|tion|ment|ship|ity|ness|s)$", word) and len(piece.split()) >= 3
    if word in words.VERBS or imperative or re.search(r"\b(?:to|will|can|who|you)\s+[a-z]+", piece, re.IGNORECASE):
        forms.add("base")
    if duty and word in words.VERBS_S:
        forms.add("s")
    return frozenset(forms)


def _opens_clause(text: str, word: str, at: int, end: int, forms: frozenset[str]) -> bool:
    following = re.match(r"\s+([A-Za-z0-9/&+-]+)", text[at + len(word) : end])
    if following is None:
        return False
    nextword = following[1].lower()
    if nextword in ("of", "and", "or", "is", "are", "skills", "skill", "experience", "abilities"):
        return False
    if word in words.VERBS_ING:
        return word not in words.ING_NOUNS or nextword in words.OBJECT_STARTS
    if word in words.VERBS:
        return "base" in forms
    return word in words.VERBS_S and "s" in forms


def _is_verb(word: str) -> bool:
    lowered = word.lower().strip(",;:")
    return lowered in words.VERBS_ING - words.ING_NOUNS or lowered in (
        "to",
        "who",
        "that",
        "can",
        "and",
        "or",
        "the",
        "a",
        "of",
        "for",
        "with",
        "in",
        "by",
    )


def _only_verbs(listed: list[str]) -> bool:
    """ "Plan, launch": verbs that share the object behind them."""
    if not all(w.endswith(",") or w in ("and", "then") for w in listed[:-1]):
        return False
    bare = [w.lower().strip(",") for w in listed]
    forms = next((f for f in (words.VERBS, words.VERBS_ING, words.VERBS_S) if bare[0] in f), frozenset())
    return all(w in forms or w in ("and", "then") for w in bare)


def _in_examples(text: str, start: int, cut: int) -> bool:
    examples = list(_EXAMPLES.finditer(text, start, cut))
    return bool(examples) and cut - examples[-1].end() < 3


def _inside_brackets(text: str, start: int, at: int) -> bool:
    before = text[start:at]
    return before.count("(") > before.count(")")


# --- enumerations ----------------------------------------------------------------------------------------------------


def _enumerated(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    opening = _INCLUDING.search(text, start, end) or _FROM.search(text, start, end)
    if opening and not _inside_brackets(text, start, opening.start()):
        from_to = opening.group().lower().lstrip(", ").startswith("from")
        listed = list(_list_items(text, opening.end(), end, from_to=from_to))
        if len(listed) >= (3 if from_to else 2) and len(text[start : opening.start()].split()) >= 2:
            yield from _headed(text, start, opening.start())
            yield from listed
            return
    yield from _headed(text, start, end)


def _headed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """`Proficiency in Python and SQL`: the head with the first item, then the others; the whole where it is no plain list."""
    head = _HEAD.search(text, start, end)
    if head is None:
        yield start, end
    else:
        yield from _objects(text, start, head.end(), end)


def _objects(text: str, start: int, objects: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands behind a word of skill, one by one; the first keeps the words before it. `text[start:end]` whole where it is no plain list."""
    if _EXAMPLES.search(text, objects, end) or "(" in text[start:end]:
        yield start, end
        return
    listed = list(_list_items(text, objects, end))
    if len(listed) < 2 or any(len(text[a:b].split()) > 4 for a, b in listed) or re.search(r"\bor\b", text[objects:end]):
        yield start, end
        return
    if any(_lone_adjective(text[a:b]) for a, b in listed[:-1]) or re.search(r"\b(?:skills|abilities)$", text[start:end]):
        yield start, end
        return
    singles = [len(text[a:b].split()) == 1 for a, b in listed]
    if all(singles[:-1]) and not singles[-1] and not all(_is_name(text[a:b]) for a, b in listed[:-1]):
        # "regression, classification and clustering methods" share their last word.
        yield start, end
        return
    yield start, listed[0][1]
    yield from listed[1:]


def _list_items(text: str, start: int, end: int, *, from_to: bool = False) -> Iterator[tuple[int, int]]:
    """Items of a list; what follows "or" goes back to the item it is an alternative to."""
    listed: list[tuple[int, int]] = []
    halves = list(_cut(text, start, end, _TO)) if from_to else [(start, end)]
    for half_start, half_end in halves:
        # With a comma before its last "and", a list means every other "and" to join words of one item.
        separator = _COMMA_CUT if re.search(r",\s*(?:and|&|as well as)\s", text[half_start:half_end]) else _ITEM_CUT
        first = len(listed)
        for a, b in _cut(text, half_start, half_end, separator):
            if len(listed) > first and re.match(r"\s*(?:or\b|etc\b|and/or\b)", text[a:b], re.IGNORECASE):
                back = next((i for i in range(len(listed) - 1, first - 1, -1) if _EXAMPLES.search(text, *listed[i])), first)
                listed[back:] = [(listed[back][0], b)]
                continue
            listed.append((a, b))
    depth_safe = [(a, b) for a, b in listed if text[a:b].count("(") == text[a:b].count(")")]
    if len(depth_safe) != len(listed):
        yield start, end
        return
    for a, b in listed:
        c, d = _trim(text, a, b, lead=False)
        if c < d:
            yield c, d


def _lone_adjective(item: str) -> bool:
    return bool(_LONE_ADJECTIVE.match(item)) and item not in ("react", "rust")


def _is_name(item: str) -> bool:
    return item in words.NAMES or (len(item) > 1 and item[0].isupper()) or any(c.isupper() or c in "+#." for c in item)


# --- run-together names ----------------------------------------------------------------------------------------------


def _run_together(text: str, start: int, end: int, known: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Cuts `PythonXGBoostMLflow` before each name: a name we know, or a capital behind a small letter."""
    piece = text[start:end]
    if not re.search(r"[a-z0-9+#)][A-Z]|[A-Z]{2}[A-Z][a-z]", piece) or piece in known or piece in words.NAMES or len(piece) > 200:
        yield start, end
        return
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * len(piece)
    for i in range(len(piece)):
        if best[i][0] == float("inf"):
            continue
        for j in range(i + 1, min(len(piece), i + 60) + 1):
            cost = _cost(piece, i, j, known)
            if best[i][0] + cost < best[j][0]:
                best[j] = (best[i][0] + cost, i)
    cuts: list[tuple[int, int]] = []
    j = len(piece)
    while j > 0:
        i = best[j][1]
        cuts.append((start + i, start + j))
        j = i
    yield from reversed(cuts)


def _cost(piece: str, i: int, j: int, known: frozenset[str]) -> float:
    """Of taking `piece[i:j]` as one name: little for a known one, more for one that only looks like a name, none where it cannot end."""
    name = piece[i:j]
    starts = i == 0 or (not piece[i - 1].isspace() and not piece[i].isspace() and (piece[i].isupper() or piece[i].isdigit()))
    ends = j == len(piece) or (piece[j].isupper() and not piece[j - 1].isspace())
    if name in words.NAMES or name in known:
        return 1.0 if i == 0 or not piece[i - 1].isspace() else float("inf")
    if not starts or not ends or len(name.strip()) < 2:
        return float("inf")
    glued = len(re.findall(r"[a-z0-9+#][A-Z]", name))
    return 2.2 + 2.5 * glued if j == len(piece) or piece[j - 1].islower() or piece[j - 1] in "+#)0123456789" else 4.0 + 2.5 * glued


# --- cutting and trimming --------------------------------------------------------------------------------------------


def _cut(text: str, start: int, end: int, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    at = start
    for gap in separator.finditer(text, start, end):
        if _inside_brackets(text, at, gap.start()):
            continue
        if gap.start() > at:
            yield at, gap.start()
        at = gap.end()
    if at < end:
        yield at, end


def _joint_before(text: str, start: int, at: int) -> int:
    joints = [m.start() for m in re.finditer(r",|;|\b(?:and|or|with|plus)\b", text[start:at])]
    return start + joints[-1] if joints else at


def _trim(text: str, start: int, end: int, *, lead: bool) -> tuple[int, int]:
    """Without the punctuation and joining words around it, and with `lead` without "You will" in front and "is a plus" behind."""
    for _ in range(3):
        before = (start, end)
        if left := _TRIM_LEFT.match(text, start, end):
            start = left.end()
        if lead and start < end and (opening := _LEAD.match(text, start, end)) and opening.end() < end:
            start = opening.end()
        if start < end and (right := _TRIM_RIGHT.search(text[start:end])):
            end = start + right.start()
        if (
            lead
            and start < end
            and (tail := _TAIL.search(text[start:end]))
            and tail.start() > 0
            and not _inside_brackets(text, start, start + tail.start())
        ):
            end = start + tail.start()
        if (start, end) == before or start >= end:
            break
    if start < end and text[end - 1] == ")" and text[start:end].count("(") < text[start:end].count(")"):
        end -= 1
    return start, max(start, end)
