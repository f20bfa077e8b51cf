"""Policy documents: what is read, and that everything wrong is named with its line and its mend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.policy import PolicyDocumentError, load_policy
from shared.document_problems import MAX_PROBLEMS, Problem
from shared.domain.decision import Priority
from shared.domain.policy import (
    AlwaysEscalate,
    Escalation,
    EscalationChange,
    Override,
    Policy,
    Review,
    Route,
    Scope,
)
from shared.errors import PolicyError

INTENTS = ("order_status", "refund_request", "legal_threat", "praise")
DOCUMENT = """\
version: shop-7
escalation:
  escalate_at: 0.6
  release_at: 0.3
  cooldown: 1.5h
  minimum_messages: 2
  carry: .7
  half_life: 24h
  queue: people
  priority: high
always_escalate:
  - {intent: legal_threat, min_probability: 0.4, hold: 7d}
  - {intent: refund_request, min_probability: 1, reply_ends_hold: true}
review:
  queue: review
  priority: normal
  by_language: {de: review-de, no: review-no}
routes:
  - {intents: [order_status], queue: orders, priority: normal}
  - intents: [refund_request, legal_threat, praise]
    queue: returns
    priority: low
no_intent: {queue: general, priority: low}
overrides:
  - when: {customer_tier: gold, channel: email}
    set: {escalate_at: 0.5, cooldown: 90}
"""


def problems(text: str) -> list[Problem]:
    """What is wrong with a document."""
    with pytest.raises(PolicyDocumentError) as caught:
        load_policy(text, INTENTS, "policy.yaml")
    return list(caught.value.problems)


def changed(old: str, new: str) -> list[Problem]:
    """What is wrong once a piece of the good document is replaced."""
    assert DOCUMENT.count(old) == 1
    return problems(DOCUMENT.replace(old, new))


def test_a_document_becomes_a_policy() -> None:
    policy = load_policy(DOCUMENT, INTENTS)
    assert policy == Policy(
        version=policy.version,
        escalation=Escalation(0.6, 0.3, 5400.0, 2, 0.7, 86_400.0, "people", Priority.HIGH),
        always_escalate=(
            AlwaysEscalate("legal_threat", 0.4, 604_800.0),
            AlwaysEscalate("refund_request", 1.0, 86_400.0, reply_ends_hold=True),
        ),
        review=Review("review", Priority.NORMAL, (("de", "review-de"), ("no", "review-no"))),
        routes=(
            Route(("order_status",), "orders", Priority.NORMAL),
            Route(("refund_request", "legal_threat", "praise"), "returns", Priority.LOW),
        ),
        no_intent=Route((), "general", Priority.LOW),
        overrides=(
            Override(
                Scope(customer_tier="gold", channel="email"), EscalationChange(escalate_at=0.5, cooldown=90.0)
            ),
        ),
    )


def test_the_version_names_the_document_exactly() -> None:
    one = load_policy(DOCUMENT, INTENTS).version
    other = load_policy(DOCUMENT.replace("0.6", "0.61"), INTENTS).version
    assert one.startswith("shop-7+") and len(one) == len("shop-7+") + 8
    assert other.startswith("shop-7+") and other != one


def test_lists_that_may_be_left_out() -> None:
    text = DOCUMENT.partition("overrides:")[0].replace("  by_language: {de: review-de, no: review-no}\n", "")
    head, _, tail = text.partition("always_escalate:")
    policy = load_policy(head + tail[tail.index("review:") :], INTENTS)
    assert (policy.always_escalate, policy.overrides, policy.review.by_language) == ((), (), ())
    assert load_policy(DOCUMENT.partition("overrides:")[0] + "overrides: []\n", INTENTS).overrides == ()


def test_an_error_is_a_policy_error_that_names_file_line_field_problem_and_mend() -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(DOCUMENT.replace("release_at: 0.3", "release_at: 0.9"), INTENTS, "policy.yaml")
    assert str(caught.value) == (
        "policy.yaml: line 4: escalation.release_at: 0.9 is above escalate_at 0.6; "
        "lower release_at or raise escalate_at"
    )


def test_all_problems_come_at_once_in_the_order_of_their_lines() -> None:
    text = DOCUMENT.replace("cooldown: 1.5h", "cooldown: soon").replace(
        "escalate_at: 0.6", "escalate_at: 62%"
    )
    text = text.replace("queue: orders", "qeue: orders").replace("[order_status]", "[order_state]")
    found = problems(text)
    assert [(each.line, each.path) for each in found] == [
        (3, "escalation.escalate_at"),
        (5, "escalation.cooldown"),
        (19, "routes[0].queue"),
        (19, "routes[0].qeue"),
        (19, "routes[0].intents[0]"),
    ]
    by_path = {each.path: each for each in found}
    assert by_path["escalation.escalate_at"].mend == "write a number from 0 to 1, such as 0.62"
    assert "24h" in by_path["escalation.cooldown"].mend
    assert by_path["routes[0].qeue"].mend == "did you mean queue?"
    assert by_path["routes[0].intents[0]"].mend == "did you mean order_status?"


def test_an_intent_without_a_route_is_named_beside_other_problems() -> None:
    text = DOCUMENT.replace(", praise]", "]").replace("queue: orders", "queue: Orders")
    found = problems(text)
    assert [(each.path, each.problem) for each in found] == [
        ("routes", "no route for praise"),
        ("routes[0].queue", "'Orders' cannot be used"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "part"),
    [
        ("version: shop-7\n", "", 1, "version", "is missing"),
        ("version: shop-7", "version: shop 7", 1, "version", "cannot be used"),
        ("version: shop-7", "version: [1]", 1, "version", "is a list"),
        ("version: shop-7", "version: ~", 1, "version", "is empty"),
        ("carry: .7", "carry: 1.1", 7, "escalation.carry", "out of range"),
        ("carry: .7", "carry: .nan", 7, "escalation.carry", "is not a number"),
        ("carry: .7", "carry: 1e999", 7, "escalation.carry", "out of range"),
        ("carry: .7", "carry: 0,7", 7, "escalation.carry", "is not a number"),
        ("carry: .7", "carry: {}", 7, "escalation.carry", "is a mapping"),
        ("carry: .7", "carry: .7\n  carry: .8", 8, "escalation.carry", "given twice"),
        ("  carry: .7\n", "", 2, "escalation.carry", "is missing"),
        ("half_life: 24h", "half_life: 0", 8, "escalation.half_life", "out of range"),
        ("half_life: 24h", "half_life: 10:30", 8, "escalation.half_life", "is not a duration"),
        ("half_life: 24h", "half_life: 2y", 8, "escalation.half_life", "is not a duration"),
        ("half_life: 24h", "half_life: 366d", 8, "escalation.half_life", "out of range"),
        ("half_life: 24h", "half_life: -1", 8, "escalation.half_life", "is not a duration"),
        ("minimum_messages: 2", "minimum_messages: 0", 6, "escalation.minimum_messages", "out of range"),
        ("minimum_messages: 2", "minimum_messages: 1.5", 6, "escalation.minimum_messages", "not whole"),
        ("priority: high", "priority: highest", 10, "escalation.priority", "is not known"),
        ("queue: people", "queue: The People", 9, "escalation.queue", "cannot be used"),
        ("intent: legal_threat", "intent: legal_thread", 12, "always_escalate[0].intent", "not an intent"),
        ("intent: refund_request", "intent: legal_threat", 13, "always_escalate[1].intent", "listed already"),
        (
            "reply_ends_hold: true",
            "reply_ends_hold: yes",
            13,
            "always_escalate[1].reply_ends_hold",
            "not known",
        ),
        ("{de: review-de", "{deu: review-de", 17, "review.by_language.deu", "not a name of this kind"),
        ("{de: review-de", "{de: 'Review DE'", 17, "review.by_language.de", "cannot be used"),
        ("[order_status]", "[]", 19, "routes[0].intents", "is empty"),
        ("[order_status]", "order_status", 19, "routes[0].intents", "is a single value"),
        ("[order_status]", "[order_status, praise]", 20, "routes[1].intents[2]", "has a route already"),
        ("[order_status]", "[order_status, order_status]", 19, "routes[0].intents[1]", "has a route already"),
        ("legal_threat, praise]", "legal_threat]", 18, "routes", "no route for praise"),
        (
            "no_intent: {queue: general, priority: low}",
            "no_intent: general",
            23,
            "no_intent",
            "a single value",
        ),
        ("channel: email", "channel: fax", 25, "overrides[0].when.channel", "is not known"),
        ("channel: email", "language: german", 25, "overrides[0].when.language", "cannot be used"),
        ("channel: email", "intent: prais", 25, "overrides[0].when.intent", "not an intent"),
        (
            "channel: email",
            "queue: people",
            25,
            "overrides[0].when.queue",
            "no message is routed to 'people'",
        ),
        ("channel: email", "country: de", 25, "overrides[0].when.country", "is not a field here"),
        ("{customer_tier: gold, channel: email}", "{}", 25, "overrides[0].when", "is empty"),
        ("{escalate_at: 0.5, cooldown: 90}", "{}", 26, "overrides[0].set", "is empty"),
        (
            "{escalate_at: 0.5, cooldown: 90}",
            "{escalate: 0.5}",
            26,
            "overrides[0].set.escalate",
            "not a field",
        ),
        (
            "{escalate_at: 0.5, cooldown: 90}",
            "{escalate_at: 0.2}",
            26,
            "overrides[0].set.escalate_at",
            "above",
        ),
        ("{escalate_at: 0.5, cooldown: 90}", "{release_at: 0.7}", 26, "overrides[0].set.release_at", "above"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, line: int, path: str, part: str) -> None:
    found = changed(old, new)
    assert [(each.line, each.path) for each in found if part in each.problem] == [(line, path)]
    assert all(each.mend for each in found)


def test_two_overrides_of_one_scope_are_to_be_joined() -> None:
    again = DOCUMENT + "  - when: {channel: email, customer_tier: gold}\n    set: {carry: 0.5}\n"
    (problem,) = problems(again)
    assert (problem.line, problem.path) == (27, "overrides[1].when")
    assert "overrides[0]" in problem.problem


def test_thresholds_must_agree_where_two_overrides_meet() -> None:
    lower = "  - when: {language: de}\n    set: {escalate_at: 0.4}\n"
    raise_release = "  - when: {tenant: acme}\n    set: {release_at: 0.45}\n"
    (problem,) = problems(DOCUMENT + lower + raise_release)
    assert (problem.line, problem.path) == (30, "overrides[2].set.release_at")
    assert "overrides[1]" in problem.problem
    # Nobody writes in two languages at once, and a stronger override can set it right.
    apart = raise_release.replace("tenant: acme", "language: fr")
    load_policy(DOCUMENT + lower + apart, INTENTS)
    mended = "  - when: {tenant: acme, language: de}\n    set: {escalate_at: 0.5}\n"
    load_policy(DOCUMENT + lower + raise_release + mended, INTENTS)
    # But one message can have two intents.
    by_intent = lower.replace("language: de", "intent: praise")
    other = raise_release.replace("tenant: acme", "intent: order_status")
    assert problems(DOCUMENT + by_intent + other)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("just words", "write fields"),
        ("- a\n- b\n", "write fields"),
        ("a: [1\n", "is not YAML"),
        ("a: b\n---\nc: d\n", "is not YAML"),
        ("a: b\x00", "characters that YAML forbids"),
        ("a: \ud800", "characters that YAML forbids"),
        ("[" * 100_000, "nested too deeply"),
        ("a: &x [1]\nb: *x\n", "is an alias"),
        ("x" * 300_000, "keep it within"),
        ("? [a]\n: b\n", "whose name is not plain text"),
    ],
)
def test_what_is_no_policy_at_all_is_refused(text: str, part: str) -> None:
    assert any(part in str(problem) for problem in problems(text))


def test_reading_stops_after_many_problems() -> None:
    text = DOCUMENT + "".join(f"unknown_{i}: 1\n" for i in range(10_000))
    with pytest.raises(PolicyDocumentError, match="stopped after 100 problems"):
        load_policy(text, INTENTS)
    assert len(problems(text)) == MAX_PROBLEMS


def test_a_document_has_a_bounded_number_of_overrides() -> None:
    many = "".join(f"  - when: {{tenant: t{i}}}\n    set: {{carry: 0.5}}\n" for i in range(200))
    assert [each.path for each in problems(DOCUMENT + many)] == ["overrides"]


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_does_more_than_fail(text: str) -> None:
    with pytest.raises(PolicyError):
        load_policy(text, INTENTS)


@given(st.data())
def test_no_damage_to_a_document_does_more_than_fail(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DOCUMENT)))
    end = data.draw(st.integers(start, min(len(DOCUMENT), start + 40)))
    damage = data.draw(st.text(alphabet=":{}[]-,. \n\t'\"#&*!%~a0", max_size=10))
    try:
        policy = load_policy(DOCUMENT[:start] + damage + DOCUMENT[end:], INTENTS)
    except PolicyError:
        return
    assert policy.escalation.release_at <= policy.escalation.escalate_at <= 1.0
