"""The facts of a posting beside its requirements: title, organisation, place, remote, pay, employment type, level, domain, product.

Comes in: plain lines and the items read from them.  Goes out: `Facts`; empty where the posting does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.posting.cleaning import Clean
from assistant.posting.layout import Item, role_of
from assistant.posting.words import JOB_NOUN, word_set
from assistant.schema import Pay

_LABEL = re.compile(r"^[\s#*•|>–—-]*(?P<label>[A-Za-z][A-Za-z /()-]{1,30}?)\s*(?::|\s[–—-]\s|\t|\s\|\s)\s*(?P<value>\S.*)$")
_TITLE_LABELS = frozenset(
    {
        "title",
        "job title",
        "position",
        "role",
        "job",
        "position title",
        "vacancy",
        "opening",
        "we are hiring",
        "hiring",
        "now hiring",
        "wanted",
        "subject",
    }
)
_ORG_LABELS = frozenset(
    {
        "company",
        "organisation",
        "organization",
        "employer",
        "company name",
        "hiring organization",
        "client",
        "hiring company",
        "business",
        "about company",
    }
)
_PLACE_LABELS = frozenset(
    {"location", "locations", "place", "where", "city", "job location", "office", "work location", "office location", "based in", "site"}
)
_TYPE_LABELS = frozenset(
    {"type", "employment type", "job type", "employment", "contract", "contract type", "schedule", "hours", "position type"}
)

_NAME = r"(?-i:[A-Z0-9][\w&.'’+-]*(?:\s+(?:(?:of|and|the|for|&|de)\s+)?[A-Z0-9][\w&.'’+-]*){0,4})"
_TITLE_WORDS = r"(?:an?\s+|our\s+(?:next\s+|new\s+|first\s+)?|the\s+(?:next\s+)?|another\s+)?(?P<title>[^.!?\n;:]{3,100}?)"
_HIRING = re.compile(
    rf"(?:(?P<org>{_NAME})\s+(?:is|are)\s+(?:currently\s+|now\s+|actively\s+)?(?:hiring|looking\s+for|seeking|recruiting|searching\s+for)|\bwe(?:\s+are|['’]re)\s+(?:currently\s+|now\s+|actively\s+)?(?:hiring|looking\s+(?:for|to\s+hire)|seeking|recruiting|searching\s+for))\s+{_TITLE_WORDS}"
    r"(?=\s+(?:to\b|who\b|with\b|for\s+our|in\s+our|that\b|in\s+(?-i:[A-Z])|at\s+(?-i:[A-Z])|on\s+our|based|and\s+you)|\s*[.!?\n;:(]|,\s+(?:to|who|with|based)\b|\s*$)",
    re.IGNORECASE,
)
_JOIN = re.compile(rf"\bjoin\s+(?P<org>{_NAME})\s+as\s+{_TITLE_WORDS}(?=\s+(?:to|who|with|and|in|on)\b|[.!?\n,;:]|\s*$)", re.IGNORECASE)
_AT = re.compile(rf"^(?P<title>[^\n|@]{{3,90}}?)\s+(?:at|@)\s+(?P<org>{_NAME})\s*(?:[,|(–—-]|$)")
_ABOUT_ORG = re.compile(
    rf"^[\s#*]*about\s+(?P<org>(?!(?:the|this|our|us|you|your|company|role|team|job|me|position|a|an|what|it)\b){_NAME})\s*[:*?]*\s*$",
    re.IGNORECASE,
)
_ALL_JOBS = re.compile(rf"\ball jobs at (?P<org>{_NAME}?)(?=\s+(?-i:Visit|View|See|Apply)\b|\s*$)", re.IGNORECASE | re.MULTILINE)
_IS_A = re.compile(
    rf"^(?P<org>{_NAME})\s+(?:is|was founded|has been|builds|makes|helps|provides|runs|operates|develops|offers|designs|sells|serves|connects|powers|creates|publishes|manages|delivers|treats|teaches|owns|produces|supplies)\b"
)
_WE_ARE = re.compile(rf"\b(?:We are|We['’]re|Welcome to|Here at|Join us at)\s+(?P<org>{_NAME}),?\s+(?:an?|the|one of|where)\b")
_NO_ORG = word_set(
    "we you our the this it that in at as he she they there what who why how job role position company team here about responsibilities requirements remote location salary"
)

_CODES = "USD|EUR|GBP|CAD|AUD|NZD|CHF|INR|SGD|HKD|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|AED|ILS|TRY|KRW"
_SYMBOLS = {
    "US$": "USD",
    "CA$": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "S$": "SGD",
    "HK$": "HKD",
    "R$": "BRL",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "zł": "PLN",
    "₪": "ILS",
    "₩": "KRW",
}
_AMOUNT = r"\d{1,3}(?:[,.'’  ]\d{3})+(?:\.\d{2})?|\d{1,7}(?:\.\d{1,2})?"
_MONEY = re.compile(
    rf"(?P<before>\b(?:{_CODES})\b\s*(?:[$€£])?|(?:US|CA|AU|NZ|HK|C|A|S|R)?\$|[€£¥₹₪₩])?\s*(?P<low>{_AMOUNT})\s*(?P<k1>[kK]\b)?(?:\s*(?:/|per)\s*(?:year|yr|hour|hr|month|day))?\s*(?P<code1>(?:{_CODES})\b|[€£]|zł)?"
    rf"(?:\s*(?:-|–|—|−|to|and|up to)\s*(?:\b(?:{_CODES})\b\s*(?:[$€£])?|(?:US|CA|AU|NZ|HK|C|A|S|R)?\$|[€£¥₹₪₩])?\s*(?P<high>{_AMOUNT})\s*(?P<k2>[kK]\b)?)?\s*(?P<after>(?:{_CODES})\b|[€£]|zł)?(?P<tail>.{{0,40}})",
)
_PERIODS = (
    ("hour", re.compile(r"(?:/|per|an|a|each)\s*(?:hour|hr)\b|\bhourly\b|\bp\.?h\b", re.IGNORECASE)),
    ("day", re.compile(r"(?:/|per|a)\s*day\b|\bdaily rate\b", re.IGNORECASE)),
    ("month", re.compile(r"(?:/|per|a)\s*(?:month|mo)\b|\bmonthly\b", re.IGNORECASE)),
    (
        "year",
        re.compile(r"(?:/|per|a)\s*(?:year|yr|annum)\b|\bannual(?:ly)?\b|\byearly\b|\bp\.?a\b|\bannum\b|\bbase salary\b", re.IGNORECASE),
    ),
)
_PAY_WORD = re.compile(r"\b(?:salary|pay|compensation|wage|remuneration|rate|base|ote|earn\w*|package|range|gehalt)\b", re.IGNORECASE)
_OTHER_MONEY = re.compile(
    r"\b(?:budgets?|revenue|turnover|funding|raised|loans|valuation|sales|spend|customers|deals?|stipend|allowance|bonus of|sign-on|portfolio|assets|costs?)\b",
    re.IGNORECASE,
)
_TYPE = re.compile(
    r"\b(full[\s-]?time|part[\s-]?time|internship|temporary|temp to perm|permanent|freelance|fixed[\s-]term(?: contract)?|zero[\s-]hours?|casual|seasonal|apprenticeship|contract(?=\s*(?:role|position|basis|job|\(|,|\.|$|\||/|to hire|for \d|\d)))\b",
    re.IGNORECASE,
)
_NOT_REMOTE = re.compile(
    r"\b(?:not? (?:a )?(?:fully )?remote|non-remote|remote (?:work )?(?:is )?not|no remote|on-?site(?: only)?|in[- ]office|in[- ]person|office[- ]based|hybrid)\b",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"\b(?:remote|work from home|wfh|fully distributed|telecommut\w+|work from anywhere)\b", re.IGNORECASE)
_REMOTE_PLACE = re.compile(
    r"\bremote\s*(?:[-–—,:|]|\(|in|within|from|across)?\s*(?:the\s+)?(?P<place>(?-i:US|USA|U\.S\.|UK|EU|EMEA|Europe|Canada|United States|United Kingdom|India|Germany|France|Spain|Ireland|Australia|Poland|Worldwide|Anywhere|Global|North America|LATAM|APAC))\b",
    re.IGNORECASE,
)
_COUNTRY = r"(?:USA?|U\.S\.A?\.?|United States|UK|United Kingdom|England|Scotland|Wales|Ireland|Germany|France|Spain|Portugal|Italy|Netherlands|Belgium|Switzerland|Austria|Poland|Sweden|Norway|Denmark|Finland|Canada|Australia|New Zealand|India|Singapore|Japan|Israel|Brazil|Mexico|Romania|Czechia|Czech Republic|Hungary|Greece|Turkey|Estonia|Lithuania|Latvia|Ukraine|South Africa|UAE)"
_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|ON|BC|QC|AB|NSW|VIC|QLD)"
_CITY_PLACE = re.compile(
    rf"(?<![\w,])(?P<place>[A-Z][\w’'.-]+(?:[ -][A-Z][\w’'.-]+){{0,3}},\s+(?:{_STATE}|{_COUNTRY})(?:,\s+(?:{_COUNTRY}))?)(?![\w])"
)
_CITIES = "New York(?: City)?|NYC|San Francisco|SF Bay Area|Bay Area|Los Angeles|Seattle|Boston|Chicago|Austin|Denver|Toronto|Vancouver|Montreal|London|Manchester|Leeds|Edinburgh|Glasgow|Bristol|Cambridge|Oxford|Dublin|Berlin|Munich|München|Hamburg|Cologne|Frankfurt|Zurich|Zürich|Geneva|Vienna|Paris|Lyon|Amsterdam|Rotterdam|Utrecht|Brussels|Madrid|Barcelona|Lisbon|Porto|Milan|Rome|Stockholm|Copenhagen|Oslo|Helsinki|Warsaw|Krakow|Kraków|Prague|Budapest|Bucharest|Athens|Tallinn|Vilnius|Riga|Kyiv|Istanbul|Tel Aviv|Dubai|Bangalore|Bengaluru|Hyderabad|Mumbai|Delhi|Pune|Singapore|Hong Kong|Tokyo|Seoul|Sydney|Melbourne|Brisbane|Auckland|Cape Town|Nairobi|Lagos|São Paulo|Mexico City|Buenos Aires"
_CITY = re.compile(rf"\b(?P<place>{_CITIES})\b")
_BASED = re.compile(
    r"\b(?:based|located|office|offices|headquartered|position is|role is|job is|work)\s+(?:is\s+)?(?:in|at|from)\s+(?:our\s+(?:office\s+in\s+)?)?(?:(?:downtown|central|north|south|east|west)\s+)?(?P<place>[A-Z][\w’'.-]+(?:[ -][A-Z][\w’'.-]+){0,3}(?:,\s+[A-Z][\w’'.-]+(?: [A-Z][\w’'.-]+)?)?)"
)

_LEVELS = (
    (
        5,
        re.compile(
            r"\b(?:senior staff|sr\.? staff|staff\+|senior principal|principal|distinguished|fellow|director|head of|vp|vice president|chief|c[teofi]o)\b",
            re.IGNORECASE,
        ),
    ),
    (
        4,
        re.compile(
            r"\b(?:staff|lead|team lead|tech lead|iv|l6)\b(?!\s+(?:nurse|accountant|writer|attorney|assistant|sergeant))", re.IGNORECASE
        ),
    ),
    (3, re.compile(r"\b(?:senior|sr\.?|iii|experienced)(?=\W|$)", re.IGNORECASE)),
    (2, re.compile(r"\b(?:mid|mid[- ]level|intermediate|ii|associate director)\b", re.IGNORECASE)),
    (
        1,
        re.compile(
            r"\b(?:junior|jr\.?|intern|internship|graduate|entry[- ]level|trainee|apprentice|working student|new grad|associate|assistant|i)(?=\W|$)",
            re.IGNORECASE,
        ),
    ),
)


_LONGEST_LINE = 2_000


@dataclass(frozen=True)
class Facts:
    title: str = ""
    hiring_organization: str = ""
    place: str = ""
    remote: bool | None = None
    pay: Pay | None = None
    employment_type: str = ""
    level: int | None = None
    domain: str = ""
    product: str = ""


def facts_of(clean: Clean, items: tuple[Item, ...]) -> Facts:
    lines = [line.strip()[:_LONGEST_LINE] for line in clean.text.split("\n") if line.strip()]
    head = _head(lines)
    labels = {label: value for line in reversed(lines) if len(line) < 200 for label, value in _labelled(line)}
    title, organisation = _title_and_organisation(lines, head, labels, clean.text)
    front = " \n ".join(
        [
            *head,
            *(
                v
                for k, v in labels.items()
                if k in _PLACE_LABELS | _TYPE_LABELS | {"remote", "workplace", "work model", "workplace type", "office"}
            ),
        ]
    )
    domain, product = _business(clean.text, organisation)
    return Facts(
        title=title,
        hiring_organization=organisation,
        place=_place(labels, head, clean.text),
        remote=_remote(front, labels, clean.text),
        pay=_pay(lines),
        employment_type=_employment(front, clean.text),
        level=level_of(title),
        domain=domain,
        product=product,
    )


def level_of(title: str) -> int | None:
    """A level by the title's own words.

    >>> level_of("Senior Staff Machine Learning Engineer"), level_of("Data Scientist")
    (5, None)
    """
    return next((level for level, pattern in _LEVELS if pattern.search(title)), None)


def _head(lines: list[str]) -> list[str]:
    """The lines before the first section that says what the job is."""
    head: list[str] = []
    for line in lines[:14]:
        if (
            head
            and len(line) <= 60
            and role_of(line.lstrip("# "), marked=line.endswith(":") or line.isupper()) not in (None, "skip", "about")
        ):
            break
        head.append(line)
    return head


def _labelled(line: str) -> Iterator[tuple[str, str]]:
    """`Location: Leeds | Type: part-time` gives both."""
    for part in re.split(r"\s+[|•·]\s+|\s{3,}", line):
        match = _LABEL.match(part)
        if match:
            yield " ".join(match["label"].lower().split()), match["value"].strip(" *|")


def _title_and_organisation(lines: list[str], head: list[str], labels: dict[str, str], text: str) -> tuple[str, str]:
    title = next((labels[k] for k in labels if k in _TITLE_LABELS and JOB_NOUN.search(labels[k])), "")
    organisation = next((labels[k] for k in labels if k in _ORG_LABELS and len(labels[k]) <= 60), "")
    hiring = next((m for line in lines for m in _HIRING.finditer(line[:600]) if JOB_NOUN.search(m["title"])), None)
    joining = next((m for line in lines for m in _JOIN.finditer(line[:600]) if JOB_NOUN.search(m["title"])), None)
    for match in (hiring, joining):
        if match is not None and match["org"] and not organisation and match["org"].split()[0].lower() not in _NO_ORG:
            organisation = match["org"]
    for line in head[:6]:
        named = _AT.match(line.lstrip("# *"))
        if named and JOB_NOUN.search(named["title"]):
            title = title or named["title"]
            organisation = organisation or named["org"]
    if not title:
        title = next((t for line in head[:6] if (t := _bare_title(line))), "")
    if not title:
        spoken = hiring or joining
        title = spoken["title"] if spoken else ""
    if not organisation:
        organisation = _organisation(lines, head, text, title)
    organisation = organisation.strip(" ,*")
    return _tidy_title(title, organisation), organisation if re.search(
        r"\b[A-Z]\.[A-Z]\.$|\b(?:Inc|Ltd|Co|Corp|e\.V)\.$", organisation, re.IGNORECASE
    ) else organisation.rstrip(".")


def _bare_title(line: str) -> str:
    bare = re.sub(r"^[\s#*•>-]+|[\s*]+$", "", line)
    for part in re.split(r"\s+[|•·/]\s+|\s[–—-]\s|\t", bare):
        if (
            1 <= len(part.split()) <= 9
            and len(part) <= 80
            and JOB_NOUN.search(part)
            and part[:1].isupper()
            and not re.search(r"[.!?:;]\s*$|\byou\b|\bwe\b|\bour\b", part, re.IGNORECASE)
            and role_of(part) is None
        ):
            return part
    return ""


def _tidy_title(title: str, organisation: str) -> str:
    tidy = re.sub(r"\s*[\[(][^()\[\]]*[\])]\s*", " ", title)
    tidy = re.split(r"\s+[|•·]\s+|\s[–—-]\s(?=(?:remote|hybrid|full|part|[A-Z][a-z]+,)\b)", tidy, flags=re.IGNORECASE)[0]
    tidy = re.sub(r"\s+", " ", tidy).strip(" ,;:.-–—*#_")
    tidy = re.sub(r"^(?:an?|the|our)\s+(?:(?:experienced|talented|passionate|motivated|new|next|great)\s+)?", "", tidy, flags=re.IGNORECASE)
    if organisation and len(organisation) < len(tidy):
        tidy = re.sub(rf"\s*(?:,|\bat\b|@|[–—-])\s*{re.escape(organisation)}$", "", tidy)
    tidy = tidy[:100]
    return tidy[:1].upper() + tidy[1:]


def _organisation(lines: list[str], head: list[str], text: str, title: str) -> str:
    for i, line in enumerate(lines):
        if about := _ABOUT_ORG.match(line):
            return about["org"]
        if re.fullmatch(r"[\s#*]*(?:about (?:the )?company|company|employer|organi[sz]ation)\s*:?\s*", line, re.IGNORECASE) and i + 1 < len(
            lines
        ):
            following = lines[i + 1].strip("*# ")
            if re.fullmatch(_NAME, following):
                return following
    if all_jobs := _ALL_JOBS.search(text):
        return all_jobs["org"]
    if found := _best_name(head, text, title):
        return found
    if we_are := _WE_ARE.search(text):
        return we_are["org"]
    for line in lines:
        is_a = _IS_A.match(line.lstrip("#*•- "))
        if is_a and is_a["org"].split()[0].lower() not in _NO_ORG and not JOB_NOUN.search(is_a["org"]):
            return is_a["org"]
    return ""


def _best_name(head: list[str], text: str, title: str) -> str:
    """Beside the title: a name in front of a place, a line that is a name and nothing else, or a part of the title's line that comes again."""
    best, best_rating = "", 0
    for i, line in enumerate(head[:5]):
        if not any(_bare_title(other) for other in head[max(0, i - 1) : i + 2]):
            continue
        bare = line.strip("*# _")
        parts = re.split(r"\s+[|•·/]\s+|\s[–—-]\s", bare)
        rated = [(p.strip(), 2 * (p.strip() == bare) + (text.count(p.strip()) > 1) + (len(parts) > 1 and "|" in bare)) for p in parts]
        city = _CITY_PLACE.search(bare)
        if city and city.start() > 2:
            rated.append((re.split(r"\s+[|•·/]\s+|\s[–—-]\s", bare[: city.start()].strip(" ,-–—|•·"))[-1], 3))
        for part, rating in rated:
            if rating > best_rating and _may_be_a_name(part, title):
                best, best_rating = part, rating
    return best


def _may_be_a_name(part: str, title: str) -> bool:
    return bool(
        part
        and part not in title
        and re.fullmatch(_NAME + r"\.?", part)
        and not JOB_NOUN.search(part)
        and not _TYPE.search(part)
        and not _REMOTE.search(part)
        and not _NOT_REMOTE.search(part)
        and not re.search(rf"\b(?:{_COUNTRY}|{_STATE})$", part)
        and not _CITY.fullmatch(part)
        and role_of(part) is None
        and not re.search(r"\d{3}|\b(?:department|team|posted|division|unit|office)\b", part, re.IGNORECASE)
    )


def _place(labels: dict[str, str], head: list[str], text: str) -> str:
    labelled = next((labels[k] for k in labels if k in _PLACE_LABELS), "")
    if labelled:
        if remote := _REMOTE_PLACE.search(labelled):
            return remote["place"]
        plain = re.sub(r"\(?\b(?:fully |100% )?(?:remote|hybrid|on-?site)\b[^,;)]*\)?", "", labelled, flags=re.IGNORECASE)
        return re.sub(r"\s*\([^()]*\)?\s*$", "", plain).strip(" ,;/|-–—*.")[:80]
    for line in head:
        if remote := _REMOTE_PLACE.search(line):
            return remote["place"]
        if city := _CITY_PLACE.search(line) or (_CITY.search(line) if len(line) <= 90 else None):
            return _tail_of_place(city["place"])
    settled = re.search(
        rf"\b(?:startup|start-up|company|team|studio|agency|firm|office|lab|school|hospital|shop)\b[^.\n]{{0,20}}\bin\s+(?P<place>{_CITIES})\b",
        text[:3000],
    )
    if settled:
        return settled["place"]
    for line in [*head, *text.split("\n")]:
        based = _BASED.search(line[:2000])
        if based and based["place"].split()[0].lower() not in _NO_ORG:
            return based["place"].strip(" .,")
    return ""


def _tail_of_place(place: str) -> str:
    """ "St. Aldhelm Hospital, Bristol, UK" was matched from its name on: the place is its last parts."""
    parts = place.split(", ")
    return ", ".join(parts[-2:]) if len(parts) == 3 and not re.fullmatch(_STATE, parts[1]) else place


def _remote(front: str, labels: dict[str, str], text: str) -> bool | None:
    for where in (front, labels.get("remote", ""), text):
        refused = _NOT_REMOTE.search(where)
        offered = _REMOTE.search(where)
        if labels.get("remote", "").lower().startswith(("yes", "no")):
            return labels["remote"].lower().startswith("yes")
        if refused:
            return False
        if offered and (
            where is not text
            or re.search(
                r"\b(?:remote(?:ly)? (?:role|position|job|work|first|friendly|team|within|in|from|\()|fully remote|100% remote|work (?:fully )?remotely|this (?:role|position|job) is remote|work from (?:home|anywhere))\b",
                text,
                re.IGNORECASE,
            )
        ):
            return True
    return None


def _pay(lines: list[str]) -> Pay | None:
    """The best of what looks like pay: a range, a word of pay near it, a period; a budget or a turnover is none."""
    best: tuple[int, Pay] | None = None
    for i, line in enumerate(lines):
        if not re.search(r"\d", line) or len(line) > 5000:
            continue
        above = lines[i - 1] if i and len(lines[i - 1]) < 60 else ""
        for match in _MONEY.finditer(line):
            rated = _as_pay(match, line, above)
            if rated and rated[0] >= 2 and (best is None or rated[0] > best[0]):
                best = rated
    return best[1] if best else None


def _as_pay(match: re.Match[str], line: str, above: str) -> tuple[int, Pay] | None:
    currency = _currency((match["before"] or match["code1"] or match["after"] or "").strip())
    if not currency or re.match(r"\s*(?:million|billion|bn\b|[MB]\b|mm\b)", match["tail"], re.IGNORECASE):
        return None
    around = line[max(0, match.start() - 80) : match.end()]
    beside = next((name for name, pattern in _PERIODS if pattern.search(match.group())), None)
    period = beside or next((name for name, pattern in _PERIODS if pattern.search(around)), None)
    low = _number(match["low"])
    high = _number(match["high"]) if match["high"] else low
    if match["k1"] or (match["k2"] and low < 1000):
        low *= 1000
    if match["k2"] or (match["k1"] and match["high"] is None) or (match["k1"] and high < 1000):
        high *= 1000
    if not 5 <= low <= high <= 10**9:
        return None
    rating = (
        2 * (match["high"] is not None)
        + 2 * bool(_PAY_WORD.search(around) or _PAY_WORD.search(above))
        + (period is not None)
        + (beside is not None)
    )
    rating -= 4 * bool(_OTHER_MONEY.search(around))
    return rating, Pay(low=round(low), high=round(high), currency=currency, period=period)


def _currency(sign: str) -> str:
    code = re.search(_CODES, sign)
    return code.group() if code else _SYMBOLS.get(sign, "")


def _number(words: str) -> float:
    if re.fullmatch(r"\d+\.\d{1,2}", words):
        return float(words)
    cents = re.search(r"[.,]\d{2}$", words)
    whole = words[: cents.start()] if cents else words
    return float(re.sub(r"\D", "", whole))


def _employment(front: str, text: str) -> str:
    found = _TYPE.search(front) or _TYPE.search(text)
    if not found:
        return ""
    plain = re.sub(r"\s+", " ", found.group().lower())
    plain = re.sub(r"^(full|part)[\s-]?time$", r"\1-time", plain)
    return plain[:1].upper() + plain[1:]


_THING = r"[a-z0-9][\w/&'’-]*(?:\s+(?!(?:to|that|which|who|so|for|by|with|without|from|in|on|where|because|when|and|used|is|are|through|across|at|since|as)\b)[\w/&'’-]+){0,3}"
_DOES = re.compile(
    r"\b(?:is|are)\s+(?:re)?(?:inventing|building|thinking|defining|imagining|shaping|making|transforming|modernising|modernizing|simplifying|changing|developing|creating|fixing|running|democratising|democratizing)\s+"
    rf"(?:the\s+(?:future|world|way)\s+of\s+|the\s+|a\s+|an\s+|(?:next[- ]generation|modern|better|new)\s+)*(?P<thing>{_THING})",
    re.IGNORECASE,
)
_MAKES = re.compile(
    rf"\b(?:builds?|makes?|develops?|provides?|sells?|runs?|operates?|offers?|designs?)\s+(?:the\s+|an?\s+)?(?P<thing>{_THING})",
    re.IGNORECASE,
)
_IS_COMPANY = re.compile(
    rf"\b(?:is|are)\s+(?:an?|the|one of the|europe['’]s|the world['’]s)\s+(?:[\w-]+\s+){{0,2}}?(?:leading\s+|largest\s+|fast-growing\s+|global\s+)*(?P<thing>{_THING})\s+(?:company|startup|start-up|business|firm|provider|lender|platform|marketplace|agency|charity|bank|insurer|retailer|manufacturer)\b",
    re.IGNORECASE,
)
_LETS = re.compile(
    r"\b(?:giving|gives?|letting|lets?|helping|helps?|enabling|enables?|allowing|allows?)\s+(?:[\w-]+\s+){1,4}?(?:the\s+(?:flexibility|ability|power|freedom|tools|chance)\s+)?to\s+(?P<thing>[a-z][\w-]*(?:\s+(?!(?:without|with|so|that|by|from|through|in|at|using|for)\b)[\w-]+){1,5})",
    re.IGNORECASE,
)
_OUR = re.compile(
    r"\bour\s+(?:[\w-]+\s+){0,2}?(?P<thing>(?:[\w-]+\s+){1,2}(?:platform|product|app|marketplace|service|software|card|tool|suite|engine|assistant))\b",
    re.IGNORECASE,
)


def _business(text: str, organisation: str) -> tuple[str, str]:
    """What the company says it does, and what it lets people do or use, each in a few of the posting's own words."""
    domain = product = ""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if len(sentence) > 1000:
            continue
        own = (organisation and organisation in sentence) or re.match(r"\s*(?:we|our)\b", sentence, re.IGNORECASE)
        if not own or re.search(r"\b(?:hiring|looking for|seeking|equal opportunit\w+)\b", sentence, re.IGNORECASE):
            continue
        if not domain:
            found = _DOES.search(sentence) or _IS_COMPANY.search(sentence) or _MAKES.search(sentence)
            domain = _short(found["thing"]) if found else ""
        if not product:
            lets = _LETS.search(sentence) or _OUR.search(sentence)
            product = _short(lets["thing"]) if lets else ""
        if domain and product:
            break
    return domain, product


def _short(thing: str) -> str:
    return re.sub(r"^(?:our|the|an?)\s+", "", thing.strip(" ,.'’-")).strip()
