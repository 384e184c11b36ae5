"""Makes `assistant/embedded/words.json`: which words are opposites, and which kinds of word stand side by side in English.

Comes in: WordNet 3.0's folder `dict` (data.adj, data.adv, data.noun, data.verb; Debian ships it in `wordnet-base` as /usr/share/wordnet), the
shipped notes and bank, and Python's own help texts.  Goes out: one JSON file the embedded judge reads.

    python tools/build_word_tables.py /usr/share/wordnet assistant/embedded/words.json

`opposites`: single-word antonyms of WordNet, both ways, with the field's own below. `pairs`: how often a kind of word was followed by another;
a kind is the word itself for function words, else its ending.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics

from assistant.embedded.reading import kinds
from assistant.knowledge import load

ROOT = Path(__file__).parent.parent
OUR_OPPOSITES = """
online offline; before after; earlier later; past future; more less; more fewer; higher lower; high low; above below; over under; increase decrease;
raise lower; rise fall; grow shrink; up down; larger smaller; large small; bigger smaller; faster slower; fast slow; longer shorter; long short;
sparse dense; wide narrow; push pull; read write; always never; all none; every no; same different; equal unequal; include exclude; allow forbid;
allow prevent; enable disable; enable prevent; keep drop; keep discard; add remove; first last; start end; begin end; open close; open closed;
connected disconnected; dependent independent; series parallel; positive negative; true false; correct incorrect; right wrong; safe unsafe;
stable unstable; known unknown; visible hidden; public private; local global; static dynamic; mutable immutable; synchronous asynchronous;
strong weak; good bad; better worse; best worst; improve worsen; improve degrade; win lose; gain lose; gain loss; profit loss; cheap expensive;
simple complex; easy hard; easy difficult; early late; old new; fresh stale; maximum minimum; maximise minimise; maximize minimize; most least;
overfit underfit; overfitting underfitting; encode decode; encoder decoder; upstream downstream; source sink; left right; inside outside; inner outer;
lossy lossless; eager lazy; accept reject; approve decline; approved declined; succeed fail; success failure; pass fail; attract repel; hot cold;
light heavy; full empty; present absent; with without; forward backward; forwards backwards; lighter heavier; necessary unnecessary; centralised
decentralised; centralized decentralized; homogeneous heterogeneous; horizontal vertical; increase reduce; boost reduce; rare common; frequent rare
"""


def opposites(folder: Path) -> dict[str, list[str]]:
    """Each word with its opposites, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for part in ("adj", "adv", "noun", "verb"):
        lines = [x for x in (folder / f"data.{part}").read_text(encoding="latin-1").splitlines() if not x.startswith("  ")]
        words, links = {}, []
        for line in lines:
            field = line.split(" | ")[0].split()
            count = int(field[3], 16)
            words[field[0]] = [re.sub(r"\((?:a|p|ip)\)$", "", w).lower() for w in field[4 : 4 + 2 * count : 2]]
            at = 4 + 2 * count
            for p in range(int(field[at])):
                kind, target, _, ends = field[at + 1 + 4 * p : at + 5 + 4 * p]
                if kind == "!":
                    links.append((field[0], target, int(ends[:2], 16), int(ends[2:], 16)))
        for here, there, i, j in links:
            pairs = [(words[here][i - 1], words[there][j - 1])] if i and j else [(a, b) for a in words[here] for b in words[there]]
            for a, b in pairs:
                if "_" not in a + b and a != b:
                    found[a].add(b)
                    found[b].add(a)
    for pair in OUR_OPPOSITES.replace("\n", " ").split(";"):
        a, b = pair.split()
        found[a].add(b)
        found[b].add(a)
    return {w: sorted(found[w]) for w in sorted(found)}


def prose(wordnet: Path) -> Iterator[str]:
    """English of our own field, of Python's manual and of WordNet's examples."""
    for part in ("adj", "adv", "noun", "verb"):
        for line in (wordnet / f"data.{part}").read_text(encoding="latin-1").splitlines():
            if not line.startswith("  "):
                yield from re.findall(r'"([^"]+)"', line.partition(" | ")[2])
    shipped = load(ROOT / "knowledge")
    for document in shipped.documents:
        text = re.sub(r"^(```|~~~).*?^\1[ \t]*$", "", document.text, flags=re.MULTILINE | re.DOTALL)
        yield "\n".join(line for line in text.splitlines() if "|" not in line)
    for q in (*shipped.bank, *shipped.templates):
        yield from (q.text, q.strong_answer, q.staff_adds, *(x for c in q.criteria for x in (c.text, c.why, *c.accept)))
    for text in topics.values():
        for paragraph in text.split("\n\n"):
            if not re.search(r"^ {4,}|::=|>>>", paragraph):
                yield " ".join(paragraph.split())


def pairs(wordnet: Path) -> dict[str, dict[str, int]]:
    """How often each kind of word was followed by each other; "" is the edge of a stretch."""
    both: dict[str, Counter[str]] = defaultdict(Counter)
    for text in prose(wordnet):
        for row in kinds(text):
            for a, b in zip(["", *row], [*row, ""], strict=True):
                both[a][b] += 1
    return {a: dict(sorted(both[a].items())) for a in sorted(both)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wordnet", type=Path)
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    tables = {"opposites": opposites(given.wordnet), "pairs": pairs(given.wordnet)}
    given.target.write_text(json.dumps(tables, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(
        f"{len(tables['opposites'])} words with opposites, {sum(len(r) for r in tables['pairs'].values())} pairs, {given.target.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
