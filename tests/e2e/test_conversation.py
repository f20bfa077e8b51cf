"""What a conversation remembers from message to message, through the store."""

from __future__ import annotations

from shared.pb.switchyard.v1.ticket_pb2 import OUTCOME_ESCALATED, OUTCOME_ROUTED, PRIORITY_HIGH, Decision
from tests.harness.helpdesk import Helpdesk, answered, said
from tests.harness.letters import CANCEL, FURIOUS, THANKS

ASKS_FOR_A_PERSON = "Please connect me to a human agent, I want to speak to a real person."


def rules(decision: Decision) -> list[str]:
    return [reason.rule for reason in decision.reasons]


async def test_a_plain_request_goes_to_the_queue_of_its_intent(desk: Helpdesk) -> None:
    decision = (await desk.triage(said("T-1", "m1", CANCEL))).decision

    assert (decision.outcome, decision.queue, decision.priority) == (OUTCOME_ROUTED, "orders", PRIORITY_HIGH)
    (reason, *_) = decision.reasons
    assert (reason.rule, reason.subject) == ("route", "cancel_order")
    assert reason.value >= reason.threshold > 0


async def test_who_asks_for_a_person_stays_with_people_until_one_has_replied(desk: Helpdesk) -> None:
    """The request is held, however content the customer sounds, and an agent's reply settles it."""
    asked = (await desk.triage(said("T-1", "m1", ASKS_FOR_A_PERSON))).decision
    assert (asked.outcome, rules(asked)[0]) == (OUTCOME_ESCALATED, "always_escalate")
    held = (await desk.ticket("T-1")).conversation
    assert held.held_by == "human_handoff"
    assert held.held_until.seconds > held.escalated_at.seconds

    content = (await desk.triage(said("T-1", "m2", THANKS))).decision
    assert content.level_after < 0.5
    assert (content.outcome, rules(content)[0]) == (OUTCOME_ESCALATED, "still_escalated")
    assert content.reasons[0].subject == "human_handoff"

    await desk.submit(answered("T-1", "m3", "Ann here, how can I help?"))
    settled = (await desk.triage(said("T-1", "m4", THANKS))).decision
    assert settled.outcome == OUTCOME_ROUTED
    assert "released" in rules(settled)


async def test_frustration_carries_over_and_fades_with_calm_messages(desk: Helpdesk) -> None:
    levels = []
    for number, text in enumerate((FURIOUS, THANKS, THANKS), start=1):
        decision = (await desk.triage(said("T-1", f"m{number}", text))).decision
        assert decision.level_before == (levels[-1] if levels else 0)
        levels.append(decision.level_after)

    assert levels[0] > levels[1] > levels[2] > 0
    assert decision.outcome == OUTCOME_ROUTED


async def test_tickets_and_tenants_do_not_hear_each_other(desk: Helpdesk) -> None:
    await desk.triage(said("T-1", "m1", FURIOUS))

    assert (await desk.triage(said("T-2", "m1", CANCEL))).decision.level_before == 0
