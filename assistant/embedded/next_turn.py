"""A follow-up that quotes the candidate: the rubric's own question for the missed point nearest to what was said.

The thread so far is judged by the embedded judge; the heaviest point still missing that has a follow-up is probed, and the clause of the
candidate's last answer nearest to it is quoted. Leads are many, so that no frame comes twice in an interview.
"""

from __future__ import annotations

import re

import numpy as np

from assistant.embedded.judge_answer import judge
from assistant.embedded.matching import FUNCTION_WORDS
from assistant.embedding import LocalEmbedder
from assistant.schema import Criterion
from assistant.tasks import InterviewerTurn, JudgeAnswer, NextTurn
from assistant.text import clauses, normalise, sentences, speaks_to_grader

QUOTE_WORDS = 14
_JOINING = re.compile(r"^(?:and|but|so|then|because|which|while|or|since|although|also)[, ]+(?:then |so |also )?", re.IGNORECASE)

_LEADS = (
    "You said “{q}”.", "Let me take up “{q}”.", "I would like to go back to “{q}”.", "“{q}”: stay there for a moment.", "One thing I noted: “{q}”.",
    "Suppose I am the sceptic in the room and hear “{q}”.", "Here is where I want more: “{q}”.", "About “{q}”.", "I wrote down “{q}”.",
    "Picking up on “{q}”.", "When you say “{q}”, I hear a plan with a piece missing.", "Your words were “{q}”.", "Let us test “{q}”.",
    "I am with you on “{q}”.", "Take me one level deeper on “{q}”.", "Hold on to “{q}”.", "A colleague would stop you at “{q}”.", "There was “{q}” in your answer.",
    "Before we go on, “{q}”.", "Staying with “{q}”.", "{ask} I am thinking of “{q}”.", "{ask} That is what “{q}” leaves open for me.", "{ask} I ask because you said “{q}”.", "{ask} I have “{q}” in mind.", "{ask} Take “{q}” as the case.",
)  # fmt: skip

_NOTHING_SAID = (
    "“{q}” is fine. Take a smaller piece of it.", "Fair enough, “{q}”. Let me ask something narrower.", "“{q}”, understood. Try it from this side.",
    "No harm in “{q}”. Start from what you have seen yourself.",
)  # fmt: skip

_PROBES = {
    "framing": (
        "Who decides on the strength of this, and what does a wrong decision cost them?",
        "What would have to be true for this to be the wrong problem to solve?",
    ),
    "depth": ("What happens underneath, step by step?", "Which part of that mechanism breaks first, and why?"),
    "trade-offs": (
        "What did you give up for that, and when would you choose the other way?",
        "What is the simpler option, and what would it cost to stay with it?",
    ),
    "evidence": ("What number would convince you that it worked?", "How would you tell that from chance?"),
    "operations": ("Who notices when that fails at night, and what do they do?", "How does this look on the day it goes wrong?"),
    "leadership": (
        "Who had to be convinced, and how would you bring them along?",
        "What do the other teams change on Monday because of this?",
    ),
    "communication": ("How would you say that to an executive in two sentences?", "What would you write down, and who reads it?"),
    "situation": ("What was at stake, and for whom?", "Set the scene: what had already been tried?"),
    "action": ("What did you yourself do, as opposed to the team?", "Which step was yours alone?"),
    "result": ("What changed in the end, in a number?", "How do you know the result came from what you did?"),
    "reflection": ("What would you do differently today?", "What did you get wrong on the way?"),
}

_ANYWHERE = (
    "What does a day look like on which that goes wrong?", "Which part of it would you defend hardest in a review, and why?", "What would make you change your mind about it?",
    "If you had a week instead of a quarter, what would be left of it?", "Who would disagree with you there, and what would they say?", "What would you measure before you start?",
)  # fmt: skip

_AGAIN = re.compile(r"\b(?:repeat|rephrase|say (?:that|it) again|what was the question|ask (?:that|it) again)\b", re.IGNORECASE)
_ON_YOUR_QUESTION = (
    "On what you ask me: choose the case you know best and say so.",
    "As to your own question, assume the ordinary case and name it.",
    "I leave your question to you, as the job would.",
    "What you ask has no fixed answer here; pick one and go on.",
)

_ANSWERS_BACK = (
    "Take whichever assumption makes it interesting, and say it aloud.", "Either is fine with me. Choose one, tell me why, and go on.",
    "I leave that open on purpose: state what you assume and what would change if it were wrong.", "Assume the ordinary case for a company like this one, and name the number you picked.",
    "Good thing to settle first. Decide it as you would on the job, and tell me what the choice rests on.",
)  # fmt: skip


def next_turn(task: NextTurn, embedder: LocalEmbedder) -> InterviewerTurn:
    """The turn; `probes` is the id of the point it is after. Same thread, same turn."""
    last = next((t.text for t in reversed(task.said) if t.role == "candidate"), "")
    if task.asked_back:
        again = _AGAIN.search(last)
        return InterviewerTurn(quote="", probes="", text=f"Of course. {task.question}" if again else _unused(_ANSWERS_BACK, task))
    criterion = _missed(task, embedder)
    quote = _nearest_clause(last, criterion, embedder)
    leads = _LEADS if len(normalise(last).split()) > 6 else _NOTHING_SAID
    lead = _unused(leads, task)
    own = tuple(f.text for f in task.follow_ups if f.probes == criterion.id)
    ask = _unused((*own, *_PROBES[criterion.dimension], *_ANYWHERE), task, turned=False)
    said = (lead if "{ask}" in lead else lead + " {ask}").replace("{q}", quote).replace("{ask}", ask)
    aside = [x.of(last) for x in sentences(last)]
    if len(aside) > 1 and aside[-1].endswith("?"):
        said = f"{_unused(_ON_YOUR_QUESTION, task)} {said}"
    return InterviewerTurn(quote=quote, probes=criterion.id, text=said)


def _missed(task: NextTurn, embedder: LocalEmbedder) -> Criterion:
    """The point to probe: missed before partial before met, with a follow-up of its own before without, essential and heavy first."""
    answer = "\n\n".join(t.text for t in task.said if t.role == "candidate")
    judged = judge(JudgeAnswer(question=task.question, level=task.level, criteria=task.criteria, pitfalls=(), answer=answer), embedder)
    verdict = {g.criterion: g.verdict for g in judged.grades}
    credit = {g.criterion: g.credit or 0.0 for g in judged.grades}
    own = {f.probes for f in task.follow_ups}
    order = {"missed": 0, "ungraded": 0, "partial": 1, "met": 2}
    return min(
        task.criteria,
        key=lambda c: (order[verdict.get(c.id, "missed")], c.id not in own, not c.essential, -c.points, -credit.get(c.id, 0.0)),
    )


def _nearest_clause(answer: str, criterion: Criterion, embedder: LocalEmbedder) -> str:
    """The clause of the answer nearest to the point, at most fourteen words of it, exactly as they stand."""
    told = [s for s in clauses(answer) if not speaks_to_grader(s.of(answer)) and len(normalise(s.of(answer)).split()) >= 3]
    spans = [s for s in told if not s.of(answer).endswith("?") and len(_cut(s.of(answer)).split()) >= 4] or told
    if not spans:
        return _cut(answer.strip())
    texts = [s.of(answer) for s in spans]
    vectors = embedder.embed([*texts, criterion.text])
    return _cut(texts[int(np.argmax(vectors[:-1] @ vectors[-1]))])


def _cut(words: str) -> str:
    """At most fourteen words of the clause, without its joining word, without quotation marks inside and without its last stop."""
    first = words.splitlines()[0] if words else ""
    if len(first.split()) > 4:
        first = _JOINING.sub("", first)
    for mark in '“”"':
        if mark in first.strip(mark):
            first = max(first.split(mark), key=len)
    kept = first.split(" ")[:QUOTE_WORDS]
    while len(kept) > 4 and len(first.split(" ")) > QUOTE_WORDS and kept[-1].strip(".,;:").lower() in FUNCTION_WORDS:
        kept.pop()
    return " ".join(kept).strip('“”" \t').rstrip(".,;:!?")


def _unused(choices: tuple[str, ...], task: NextTurn, turned: bool = True) -> str:
    """The first of `choices`, turned by the question where their order means nothing, whose frame was not used in this interview."""
    turn = sum(map(ord, task.question)) % len(choices) if turned else 0
    ordered = choices[turn:] + choices[:turn]
    used = set(task.used_frames)

    def frames(choice: str) -> set[str]:
        words = normalise(choice.replace("“{q}”", " ").replace("{ask}", " ")).split()
        return {" ".join(words), " ".join(words[:3]) + " …"}

    return next((c for c in ordered if not any(frames(part) & used for part in re.split(r"(?<=[.?!:]) ", c))), ordered[0])
