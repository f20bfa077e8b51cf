"""The order of the human queue, and whom an item fits."""

from hypothesis import given
from hypothesis import strategies as st

from services.handoff.order import PRIORITY_STEP, Offer, Place, waiting_score
from shared.domain.decision import Priority

PRIORITIES = st.sampled_from(list(Priority))
TIMES = st.integers(min_value=0, max_value=PRIORITY_STEP - 1)
LABELS = st.frozensets(st.sampled_from(["refund", "cancel", "billing", "login", "delivery"]))
LANGUAGES = st.sampled_from(["en", "de", "fr", "und"])


@given(PRIORITIES, TIMES, PRIORITIES, TIMES)
def test_priority_comes_first_then_the_longer_wait(p1: Priority, t1: int, p2: Priority, t2: int) -> None:
    sooner = waiting_score(p1, t1) < waiting_score(p2, t2)
    assert sooner == ((-p1.rank, t1) < (-p2.rank, t2))


@given(PRIORITIES, TIMES)
def test_a_score_is_exact_as_a_double(priority: Priority, since: int) -> None:
    score = waiting_score(priority, since)
    assert int(float(score)) == score


def test_items_of_equal_score_are_ordered_by_id() -> None:
    assert Place(5.0, "0-1-1") < Place(5.0, "0-1-2") < Place(6.0, "0-1-0")


@given(LANGUAGES, LABELS)
def test_an_agent_without_limits_takes_everything(language: str, skills: frozenset[str]) -> None:
    offer = Offer()
    assert offer.takes_all
    assert offer.fits(language, skills)


@given(LANGUAGES, LABELS, LABELS)
def test_every_skill_of_the_item_must_be_the_agents(
    language: str, needed: frozenset[str], known: frozenset[str]
) -> None:
    assert Offer(skills=known).fits(language, needed) == (not known or needed <= known)


@given(LANGUAGES, LABELS, LABELS, LABELS, st.frozensets(LANGUAGES))
def test_learning_never_loses_an_item(
    language: str, needed: frozenset[str], known: frozenset[str], learnt: frozenset[str], spoken: frozenset[str]
) -> None:
    # Unless the agent named no skill before, which meant all.
    if known and Offer(skills=known, languages=spoken).fits(language, needed):
        assert Offer(skills=known | learnt, languages=spoken).fits(language, needed)


@given(LABELS, st.frozensets(LANGUAGES, min_size=1), LANGUAGES)
def test_the_language_must_be_spoken(needed: frozenset[str], spoken: frozenset[str], language: str) -> None:
    assert Offer(languages=spoken).fits(language, needed) == (language in spoken)
