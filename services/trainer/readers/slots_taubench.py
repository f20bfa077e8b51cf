"""tau-bench (Yao et al. 2024): what simulated customers write to an airline's and a shop's service.

The turns carry no labels. Ids of the simulated world have shapes of their own, and its customers'
names and addresses stand in ``users.json``, so both can be marked with certainty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.slots_label_map import SlotLabelMap, load_slot_label_map
from shared.errors import DataFormatError

_TURN = re.compile(r"\n(?=(?:user|assistant|tool): )")
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]{2,10}")),
    ("order", re.compile(r"(?<=#)W\d{7}\b|\bW\d{7}\b")),
    ("user", re.compile(r"\b[a-z]{2,20}_[a-z]{2,20}_\d{4}\b")),
    ("item", re.compile(r"\b\d{10}\b")),
    (
        "zip",
        re.compile(
            r"(?<=\bzip )\d{5}\b|(?:(?<=zip code is )|(?<=zip code )|(?<=zip: )|(?<=zip is ))\d{5}\b", re.I
        ),
    ),
    ("reservation", re.compile(r"\b(?=[A-Z0-9]{0,5}\d)(?=[A-Z0-9]{0,5}[A-Z])[A-Z0-9]{6}\b")),
)
# Without a digit a reservation looks like a shouted word, so it counts where one is spoken of.
_LETTERS_ONLY = re.compile(r"\b[A-Z]{6}\b")
_RESERVATION = re.compile(r"reservation|booking|confirmation", re.IGNORECASE)
_FLIGHT = re.compile(r"HAT\d{3}")
# Counted goods are quantities, which nothing marks here: such turns are left out.
_COUNTED = re.compile(
    r"\b(?:two|three|four|five|six|[2-9]|1\d)\s(?:\w+\s){0,2}(?:bags?|suitcases?|items?|shirts?|t-shirts|lamps?|speakers?|"
    r"bottles?|bulbs?|cameras?|orders|puzzles?|tablets?|watches|chairs?|laptops?|backpacks?|boots|shoes|keyboards?)\b",
    re.IGNORECASE,
)


def read_taubench(root: Path) -> Iterator[Example]:
    """Yields the customers' turns of ``root`` (the folder ``taubench``) once each.

    Raises DataFormatError where a file is missing.
    """
    label_map = load_slot_label_map("taubench")
    names, streets = _records(root)
    seen: set[str] = set()
    for turn in (*_few_shot(root), *_trajectories(root)):
        text = turn.replace("###STOP###", "").strip()
        if not text or text in seen or len(text) > 1200 or _COUNTED.search(text):
            continue
        seen.add(text)
        spans = _spans(text, names, streets, label_map)
        yield Example(text=text, source=label_map.source, slots=tuple(spans), language="en")


def _json(path: Path) -> Any:
    if not path.is_file():
        raise DataFormatError(f"taubench: {path} does not exist; pass the folder that holds 'few_shot_data'")
    return json.loads(path.read_text(encoding="utf-8"))


def _records(root: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Full names and street lines of the simulated shop's customers."""
    users: dict[str, Any] = _json(root / "tau_bench" / "envs" / "retail" / "data" / "users.json")
    names = {f"{user['name']['first_name']} {user['name']['last_name']}" for user in users.values()}
    streets = {str(user["address"]["address1"]) for user in users.values()}
    return frozenset(names), frozenset(streets)


def _few_shot(root: Path) -> Iterator[str]:
    for name in ("MockRetailDomainEnv-few_shot.jsonl", "MockAirlineDomainEnv-few_shot.jsonl"):
        path = root / "few_shot_data" / name
        if not path.is_file():
            raise DataFormatError(
                f"taubench: {path} does not exist; pass the folder that holds 'few_shot_data'"
            )
        for line in path.read_text(encoding="utf-8").splitlines():
            for turn in _TURN.split(json.loads(line)["messages_display"]) if line.strip() else ():
                if turn.startswith("user: "):
                    yield turn.removeprefix("user: ")


def _trajectories(root: Path) -> Iterator[str]:
    for run in _json(root / "historical_trajectories" / "gpt-4o-airline.json"):
        for message in run["traj"]:
            if message["role"] == "user" and isinstance(message.get("content"), str):
                yield message["content"]


def _spans(
    text: str, names: frozenset[str], streets: frozenset[str], label_map: SlotLabelMap
) -> list[SlotSpan]:
    found = [
        (label, match.start(), match.end()) for label, shape in _SHAPES for match in shape.finditer(text)
    ]
    if _RESERVATION.search(text):
        found += [("reservation", match.start(), match.end()) for match in _LETTERS_ONLY.finditer(text)]
    found += _listed("name", text, names)
    found += _listed("street", text, streets)
    spans: list[SlotSpan] = []
    for label, start, end in sorted(found, key=lambda hit: (hit[1], hit[1] - hit[2])):
        kind = label_map.type_of("flight" if _FLIGHT.fullmatch(text[start:end]) else label)
        if kind is not None and (not spans or start >= spans[-1].end):
            spans.append(SlotSpan(kind, start, end))
    return spans


def _listed(label: str, text: str, listed: Sequence[str] | frozenset[str]) -> Iterator[tuple[str, int, int]]:
    for entry in listed:
        start = text.find(entry)
        while start >= 0:
            yield label, start, start + len(entry)
            start = text.find(entry, start + 1)
