"""BIO decoding on word boundaries, over hand-made token scores."""

from __future__ import annotations

import numpy as np
import pytest

from services.slots.bio import BioScheme, TokenScores
from services.slots.candidate import Rank
from shared.errors import ModelCardError

LABELS = (
    "O",
    "B-order_id",
    "I-order_id",
    "B-date",
    "I-date",
    "B-address",
    "I-address",
    "B-plan_name",
    "I-plan_name",
)
SURE = 8.0


def decode(
    text: str, tagged: list[tuple[str, str]], margin: float = SURE, **options: float
) -> list[tuple[str, str]]:
    """``tagged`` lists the tokens in order with their labels; offsets are looked up in the text."""
    offsets, rows, position = [], [], 0
    for piece, label in tagged:
        start = text.index(piece, position)
        position = start + len(piece)
        offsets.append((start, position))
        rows.append([margin if name == label else 0.0 for name in LABELS])
    scores = TokenScores(offsets, np.array(rows, dtype=np.float32))
    found = BioScheme(LABELS, "slots@test", **options).decode(text, scores)
    return [(hit.type, text[hit.start : hit.end]) for hit in found]


def test_a_doubtful_piece_does_not_break_an_id() -> None:
    text = "order kx-88120-b late"
    tokens = [
        ("order", "O"),
        ("kx", "B-order_id"),
        ("-", "O"),
        ("881", "I-order_id"),
        ("20", "O"),
        ("-", "I-order_id"),
    ]
    tokens += [("b", "I-order_id"), ("late", "O")]
    assert decode(text, tokens, accept_from=0.0) == [("order_id", "kx-88120-b")]


def test_two_neighbours_of_a_type_stay_apart_where_the_second_begins() -> None:
    text = "Monday Tuesday"
    assert decode(text, [("Monday", "B-date"), ("Tuesday", "B-date")]) == [
        ("date", "Monday"),
        ("date", "Tuesday"),
    ]
    assert decode("3 March", [("3", "B-date"), ("March", "I-date")]) == [("date", "3 March")]


def test_an_inside_label_alone_begins_a_span() -> None:
    assert decode("on Monday", [("on", "O"), ("Monday", "I-date")]) == [("date", "Monday")]


def test_only_addresses_run_over_lines() -> None:
    text = "1 Elm\nYork"
    tokens = [("1", "B-address"), ("Elm", "I-address"), ("York", "I-address")]
    assert decode(text, tokens) == [("address", text)]
    named = [(piece, label.replace("address", "plan_name")) for piece, label in tokens]
    assert decode(text, named) == [("plan_name", "1 Elm"), ("plan_name", "York")]


def test_quotes_and_full_stops_are_trimmed() -> None:
    text = 'it is "A-1".'
    tokens = [
        ("it", "O"),
        ("is", "O"),
        ('"', "B-order_id"),
        ("A", "I-order_id"),
        ("-", "I-order_id"),
        ("1", "I-order_id"),
    ]
    tokens += [('"', "I-order_id"), (".", "I-order_id")]
    assert decode(text, tokens) == [("order_id", "A-1")]
    assert decode("...", [("...", "B-date")]) == []


def test_confidence_decides_what_stands_and_how_firmly() -> None:
    scheme = BioScheme(LABELS, "slots@test", accept_from=0.5, confident_from=0.8)

    def rank(margin: float) -> Rank | None:
        scores = TokenScores([(0, 6)], np.array([[0.0, 0, 0, margin, 0, 0, 0, 0, 0]], dtype=np.float32))
        found = scheme.decode("Monday", scores)
        return found[0].rank if found else None

    assert (rank(8.0), rank(2.5), rank(0.5)) == (Rank.TAGGER, Rank.DOUBTFUL, None)


def test_what_cannot_be_its_type_is_dropped() -> None:
    assert decode("last week", [("last", "B-date"), ("week", "I-date")]) == []


def test_temperature_softens() -> None:
    row = np.array([[0.0, 0, 0, 4, 0, 0, 0, 0, 0]], dtype=np.float32)
    sharp = BioScheme(LABELS, "m", 1.0, 0.0).decode("Monday", TokenScores([(0, 6)], row))[0].confidence
    soft = BioScheme(LABELS, "m", 2.0, 0.0).decode("Monday", TokenScores([(0, 6)], row))[0].confidence
    assert soft < sharp


def test_nothing_in_nothing_out() -> None:
    assert BioScheme(LABELS, "m").decode("", TokenScores([], np.zeros((0, 9), dtype=np.float32))) == []


@pytest.mark.parametrize(
    "labels", [("O",), ("O", "B-date"), ("O", "I-date"), ("B-date", "I-date"), ("O", "B-a", "I-a", "x")]
)
def test_labels_that_are_no_scheme_are_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(ModelCardError, match="slots@1"):
        BioScheme(labels, "slots@1")
