"""Label maps: what a public set's slot labels mean in our taxonomy, kept as data.

A map is ``services/trainer/label_maps/<set>.slots.yaml``::

    source: restaurant8k          # name that examples and model cards carry
    licence: CC BY 4.0
    reviewed: 30                  # rows read by eye under this map
    labels:
      people: none                # labelled there, but no slot of ours: the tokens count as O
      date: date                  # a slot type of the taxonomy
      first_name: person_name
      excluded_ingredient: drop   # labels too unreliable to learn from: rows with it are left out
    ignored_types: [amount]       # types of ours that the set leaves unmarked, see slots_completion

A label that the map does not name is an error: new versions of a set must be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.errors import DataFormatError

NONE = "none"
DROP = "drop"
LABEL_MAPS = Path(__file__).parent.parent / "label_maps"


@dataclass(frozen=True, slots=True)
class SlotLabelMap:
    """One set's labels in our types; see the module for the meaning of ``none`` and ``drop``.

    ``ignored_types`` are slot types of ours that occur in the set's texts without being marked,
    so that a tagger trained on it alone would learn to overlook them.
    """

    source: str
    licence: str
    labels: Mapping[str, str]
    ignored_types: frozenset[str] = frozenset()

    def type_of(self, label: str) -> str | None:
        """Our slot type for ``label``; None where it is no slot of ours.

        Raises DataFormatError for a label that the map does not name.
        """
        try:
            mapped = self.labels[label]
        except KeyError:
            known = ", ".join(sorted(self.labels))
            raise DataFormatError(
                f"label map {self.source}: no entry for label {label!r}; add it with a slot type, "
                f"'none' or 'drop' (known: {known})"
            ) from None
        return None if mapped in (NONE, DROP) else mapped

    def drops(self, label: str) -> bool:
        """Whether a row with ``label`` is left out."""
        return self.labels.get(label) == DROP


def load_slot_label_map(name: str, folder: Path | None = None) -> SlotLabelMap:
    """Reads ``<folder>/<name>.slots.yaml``; the folder defaults to the maps shipped with the trainer.

    Raises DataFormatError where the file is missing or does not have the form above.
    """
    path = (folder or LABEL_MAPS) / f"{name}.slots.yaml"
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataFormatError(f"label map {name}: {path} does not exist; write one for the set") from None
    except yaml.YAMLError as error:
        raise DataFormatError(f"label map {name}: {path} is not valid YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("labels"), dict):
        raise DataFormatError(f"label map {name}: {path} needs a mapping 'labels' from labels to slot types")
    return SlotLabelMap(
        source=str(document.get("source", name)),
        licence=str(document.get("licence", "")),
        labels={str(label): str(mapped) for label, mapped in document["labels"].items()},
        ignored_types=frozenset(str(kind) for kind in document.get("ignored_types", ())),
    )
