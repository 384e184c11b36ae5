"""The plan, the writing and the checks, on the real bank and the sample posting."""

from collections.abc import AsyncGenerator, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pytest
from conftest import NOW

from assistant.embedded.engine import EmbeddedEngine
from assistant.embedding import PreparedEmbedder, local_embedder
from assistant.engine import DoneEvent, Generation
from assistant.errors import InputError, UnusableReply
from assistant.knowledge import data_folder, sample_posting, shipped
from assistant.posting import parse_posting
from assistant.questions import Asked, BankMap, fill, is_duplicate, map_bank, plan_set, question_about, series_history, shorten, write_set
from assistant.schema import Provenance, Question, QuestionPlan, Section
from assistant.tasks import WriteQuestion, WrittenQuestion

NURSE = """Registered Nurse, Riverside Hospital

Responsibilities
- Plan the weekly ward roster and hand over patients between shifts
- Administer medicines safely and keep accurate patient records
- Support families through difficult conversations
- Train student nurses on the ward

Requirements
- Registered nurse with a valid licence
- Calm communication under pressure
- Experience in wound care
"""


def prepared() -> PreparedEmbedder:
    return PreparedEmbedder(local_embedder(), data_folder("knowledge") / "bank_vectors.npz")


@lru_cache(maxsize=2)
def bank(text: str | None = None) -> BankMap:
    return map_bank(parse_posting(text or sample_posting()), shipped(), prepared())


def plan(**given: Any) -> QuestionPlan:
    return plan_set(bank(), shipped(), **given)


def nothing(query: str, k: int) -> Sequence[Any]:
    return ()


async def written(
    made: QuestionPlan, on: BankMap | None = None, engine: Any = None, history: Sequence[Asked] = (), side_by_side: int = 1
) -> list[Question]:
    embedded = EmbeddedEngine(local_embedder())
    places = {
        place: q
        async for place, q in write_set(
            made, on or bank(), shipped(), engine=engine or embedded, bank_engine=embedded, embedder=local_embedder(), find=nothing, now=lambda: NOW,
            history=history, side_by_side=side_by_side,
        )
    }  # fmt: skip
    return [places[i] for i in sorted(places)]


def bare(questions: Sequence[Question]) -> list[tuple[str, str, str]]:
    return [(q.text, q.requirement, q.origin_id) for q in questions]


async def test_the_same_seed_makes_the_same_set_and_another_seed_another():
    first, again, other = await written(plan(count=6, seed=3)), await written(plan(count=6, seed=3)), await written(plan(count=6, seed=4))
    assert bare(first) == bare(again)
    assert bare(first) != bare(other)


async def test_three_sets_of_eight_cover_every_line_of_the_sample_and_repeat_nothing():
    asked: list[Question] = []
    for seed in range(3):
        embedded = EmbeddedEngine(local_embedder())
        before = await series_history(
            bank(), shipped(), count=8, mix=None, level=None, seed=seed, bank_engine=embedded, embedder=local_embedder(), now=lambda: NOW
        )
        assert len(before) == 8 * seed
        asked += await written(plan(count=8, seed=seed, history=before), history=before)
    lines = {r.id for r in bank().posting.lines}
    assert {bank().line_of(q.requirement) for q in asked} == lines
    assert len({q.text for q in asked}) == len(asked)


async def test_with_a_history_nothing_is_asked_again_while_a_line_is_unasked():
    history: list[Asked] = []
    lines = len(bank().posting.lines)
    for _ in range(lines // 4):
        made = await written(plan(count=4, history=history, seed=0), history=history)
        history += [Asked(q.requirement, q.origin_id, q.text) for q in made]
    assert len({bank().line_of(a.requirement) for a in history}) == lines
    assert len({a.text for a in history}) == len(history)


def test_the_mix_takes_its_places_first_and_an_unknown_key_is_told():
    made = plan(count=5, mix={"sequence-models": 2, "leadership": 1})
    assert [s.topic for s in made.slots[:2]] == ["sequence-models", "sequence-models"]
    assert "the mix asks for" in made.slots[2].reason
    assert len(made.slots) == 5
    with pytest.raises(InputError, match="The mix has no “astrology”"):
        plan(count=5, mix={"astrology": 1})
    with pytest.raises(InputError, match="more than the 2"):
        plan(count=2, mix={"leadership": 3})


async def test_every_question_names_its_line_and_carries_a_whole_rubric():
    posting = bank().posting
    for q in await written(plan(count=8, seed=0)):
        line = posting.requirement(q.requirement)
        assert line is not None
        assert shorten(line.phrase) in q.why
        assert posting.text[line.span.start : line.span.end] == line.phrase
        assert "{{" not in q.model_dump_json()
        assert 4 <= len(q.rubric.criteria) <= 7
        assert any(c.essential for c in q.rubric.criteria)
        assert {f.probes for f in q.follow_ups} <= {c.id for c in q.rubric.criteria}
        assert all(s in shipped().sections for s in q.sources)
        assert len(q.text.split()) <= 80
        assert q.minutes <= 10


async def test_another_job_gets_an_honest_set_that_is_not_the_samples():
    other = bank(NURSE)
    made = await written(plan_set(other, shipped(), count=8, seed=0), other)
    sample = await written(plan(count=8, seed=0))
    shared = {q.text for q in made} & {q.text for q in sample}
    assert len(shared) < 0.3 * len(made)
    assert all(q.origin == "template" for q in made)
    assert other.sentence() == f"My bank covers none of this posting's {len(other.posting.lines)} lines, so these are general questions."


async def test_a_set_could_not_have_been_anybodys():
    """Question and requirement are nearer than in shuffled pairs."""
    embedder = local_embedder()
    made = [q for seed in range(2) for q in await written(plan(count=8, seed=seed))]
    asked = embedder.embed([q.text for q in made])
    phrases = [bank().posting.requirement(q.requirement) for q in made]
    wanted = embedder.embed([f"{r.phrase}. {r.sentence}" for r in phrases if r is not None])
    likeness = asked @ wanted.T
    own = np.diag(likeness)
    shuffled = (likeness.sum(axis=1) - own) / (len(made) - 1)
    assert (own > shuffled).mean() >= 0.95


def test_an_unknown_company_reads_your_company_and_what_cannot_be_filled_is_not_chosen():
    entry = next(q for q in shipped().bank if "{{" not in q.model_dump_json())
    named = entry.model_copy(update={"text": "How would {{company}} price risk in its lending, week by week, and who decides?"})
    assert "your company" in fill(named, parse_posting(NURSE).model_copy(update={"hiring_organization": ""})).text  # type: ignore[union-attr]
    product = entry.model_copy(update={"text": "How would you price {{product}} by risk, week by week, and who decides on it?"})
    assert fill(product, parse_posting(NURSE).model_copy(update={"product": ""})) is None


def test_near_duplicates_are_seen():
    text = "How would you keep a feature the same in training and serving?"
    assert is_duplicate(text, ["How would you keep features the same in training and in serving?"], local_embedder())
    assert not is_duplicate(text, ["Tell me about a stand-off between two teams that you resolved."], local_embedder())


class Writes:
    """A model that writes what it is given, in turn."""

    kind: Literal["model"] = "model"
    label = "model:scripted"

    def __init__(self, *answers: WrittenQuestion | Exception) -> None:
        self.answers, self.complaints = list(answers), []

    async def generate(self, task: Any) -> Any:
        assert isinstance(task, WriteQuestion)
        self.complaints.append(task.complaint)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Generation(value=answer, provenance=Provenance(engine="model", model="scripted", at=NOW))

    async def stream(self, task: Any) -> AsyncGenerator[Any, None]:
        yield DoneEvent(generation=await self.generate(task))


async def good() -> WrittenQuestion:
    embedded = EmbeddedEngine(local_embedder())
    entry = next(q for q in shipped().bank if "{{" not in q.model_dump_json())
    task = WriteQuestion(
        company="c",
        title="t",
        requirement_id="r",
        phrase="p",
        sentence="s",
        topics=(),
        kind=None,
        level=4,
        minutes=5,
        sections=(),
        neighbours=(entry,),
    )
    made = (await embedded.generate(task)).value
    return made.model_copy(
        update={
            "text": "Suppose the ledger and the event log disagree on refunds each Monday. Where do you begin, and what would you change for good?"
        }
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"text": "word " * 90 + "?"}, "it has 91 words, more than 80"),
        ({"text": "Why? How? What? And who pays for all of that in the end?"}, "it is not one question"),
        ({"follow_ups": []}, ""),
    ],
)
async def test_a_refused_question_is_asked_for_once_more_with_the_reason(change: dict[str, Any], complaint: str):
    fine = await good()
    model = Writes(fine.model_copy(update=change), fine)
    made = await written(plan(count=2, seed=0), engine=model)
    assert [q.origin for q in made] == ["bank", "model"]
    assert model.complaints == ([""] if not complaint else ["", complaint])


async def test_after_the_second_refusal_the_bank_stands_in_by_name():
    bad = (await good()).model_copy(update={"text": "word " * 90 + "?"})
    made = await written(plan(count=2, seed=0), engine=Writes(bad, bad))
    assert made[1].origin == "bank"
    assert "so this one is from the question bank" in made[1].provenance.note
    unread = await written(plan(count=2, seed=0), engine=Writes(UnusableReply(reason="no JSON")))
    assert "no JSON" in unread[1].provenance.note


async def test_a_question_that_gives_its_answer_away_or_repeats_one_is_refused():
    fine = await good()
    given = fine.model_copy(update={"text": f"How would you make sure that one {fine.criteria[0].text.rstrip('.')}?"[:400]})
    model = Writes(given, fine)
    await written(plan(count=2, seed=0), engine=model)
    assert model.complaints[1] in ("it gives its own answer away", "it has more words")
    again = Writes(
        fine,
        fine.model_copy(update={"text": "Tell me of a decision on which two teams would not move, and what you did about it in the end?"}),
    )
    history = [Asked("r", "b", fine.text)]
    await written(plan(count=2, seed=0), engine=again, history=history)
    assert again.complaints[1] == "it repeats an earlier question"


# --- a question on what is read --------------------------------------------------------------------------------------


def ask_about(section: Section, on: BankMap | None = None, history: Sequence[Asked] = ()) -> Question:
    return question_about(section, on or bank(), shipped(), prepared(), history, NOW)


def named(section: Section) -> set[str]:
    return {q.id for q in shipped().bank if section.id in q.sources}


@pytest.mark.parametrize("section", list(shipped().sections.values())[::25], ids=lambda s: s.id)
def test_a_section_is_asked_about_by_a_question_that_names_it_and_a_line_of_the_posting(section: Section):
    made = ask_about(section)
    line = bank().posting.requirement(made.requirement)
    assert line is not None
    assert f"while reading “{section.heading}”; the posting says “{shorten(line.phrase)}”" in made.why
    entry = next(q for q in shipped().bank if q.id == made.origin_id)
    on_it = any(n.entry.id == entry.id and n.requirement == line.id for found in bank().near.values() for n in found)
    assert on_it or entry.topic in line.topics
    if named(section):
        assert made.origin_id in named(section)
        assert made.provenance.note == ""
    else:
        assert entry.topic == section.topic
        assert made.provenance.note == "My bank has no question on this very section, so this is the nearest of its topic."


def test_asked_about_again_the_bank_goes_on_to_what_was_not_asked():
    section = next(s for s in shipped().sections.values() if len(named(s)) == 2)
    history: list[Asked] = []
    made = []
    for _ in range(3):
        made.append(ask_about(section, history=history))
        history.append(Asked(made[-1].requirement, made[-1].origin_id, made[-1].text))
    assert {q.origin_id for q in made[:2]} == named(section)
    assert made[2].origin_id not in named(section)
    assert made[2].topic == section.topic
    assert "no question left on this very section" in made[2].provenance.note


def test_where_no_line_of_the_posting_asks_for_it_the_question_says_so():
    made = ask_about(next(iter(shipped().sections.values())), bank(NURSE))
    assert (made.requirement, made.also) == ("", ())
    assert made.why.endswith("no line of the posting asks about it.")
