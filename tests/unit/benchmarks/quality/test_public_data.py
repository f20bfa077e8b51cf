"""The real sets, where they lie beside the checkout: sizes as published, and test parts apart from training."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch")

from benchmarks.quality.catalogue import all_settings
from benchmarks.quality.sets import multidogo as multidogo_settings
from benchmarks.quality.setting import Setting
from services.trainer.readers.published import banking77, clinc150, multidogo, nlupp

DATA = Path(__file__).parents[5] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the public sets are not in {DATA}")
# Train, dev and test of the first experiment, as the sets' own descriptions give them; multidogo and the
# folds of NLU++ state no such numbers.
SIZES = {
    "banking77/full": (10003, 0, 3080),
    "clinc150/full": (15100, 3100, 5500),
    "restaurant8k/text alone": (8198, 0, 3731),
    "restaurant8k/with the slots asked for": (8198, 0, 3731),
    "goemotions/28 labels": (43410, 5426, 5427),
    "nlupp/banking to hotels intents": (2071, 0, 1009),
    "nlupp/banking to hotels slots": (2071, 0, 1009),
}
# The largest share of test texts that the published training parts contain, too. Software's customers say
# "thank you" as the others do; rows with slots of theirs are rarely the same.
MOST_SEEN = {"multidogo": 0.5, "restaurant8k": 0.04}
FEW = 0.025


@pytest.mark.parametrize("setting", all_settings(), ids=lambda setting: setting.id)
def test_a_split_has_its_published_size_and_its_test_part_apart(setting: Setting) -> None:
    split = setting.prepare(DATA, 0)
    sizes = (len(split.train), len(split.dev), len(split.test))
    assert sizes == SIZES.get(setting.id, sizes)
    assert all(sizes[::2]), "something to train on, something to test"
    seen = {example.text for example in split.train}
    share = sum(example.text in seen for example in split.test) / len(split.test)
    assert share <= MOST_SEEN.get(setting.set, FEW)


@pytest.mark.parametrize(
    "setting", [it for it in all_settings() if it.folds > 1], ids=lambda setting: setting.id
)
def test_every_row_of_a_domain_is_in_one_part_of_an_experiment(setting: Setting) -> None:
    """By their number: a few rows of NLU++ have the same text, some of them in two folds."""
    whole = None
    tested: Counter[str] = Counter()
    for fold in range(setting.folds):
        split = setting.prepare(DATA, fold)
        rows = Counter(item.text for item in (*split.train, *split.test))
        assert whole in (None, rows)
        whole = rows
        tested.update(item.text for item in split.test)
    times = {"20-fold": 19, "10-fold": 9, "large": 1}[setting.name.rpartition(", ")[2]]
    assert whole is not None and tested == Counter({text: count * times for text, count in whole.items()})


def test_labels_are_as_many_as_published() -> None:
    assert len(banking77.read_labels(DATA / "banking77")) == 77
    assert len(clinc150.read_labels(DATA / "clinc150")) == 150
    ontology = nlupp.read_ontology(DATA / "nlupp")
    counts = {
        domain: (len(ontology.intents_of("general", domain)), len(ontology.slots_of("general", domain)))
        for domain in nlupp.DOMAINS
    }
    assert counts == {"banking": (48, 13), "hotels": (40, 14)}
    rows = {
        domain: sum(len(nlupp.read_fold(DATA / "nlupp", domain, fold, ontology)) for fold in range(20))
        for domain in nlupp.DOMAINS
    }
    assert rows == {"banking": 2071, "hotels": 1009}


def test_nothing_of_software_is_trained_on_and_the_shared_slots_are_those_of_both() -> None:
    root = DATA / "multidogo"
    others = [
        item for domain in multidogo_settings.OTHERS for item in multidogo.read_split(root, domain, "train")
    ]
    software = multidogo.read_split(root, "software", "train")
    shared = multidogo.slot_names(others) & multidogo.slot_names(software)
    assert shared == set(multidogo_settings.SHARED_SLOTS)
    assert multidogo_settings.HELD_OUT not in multidogo_settings.OTHERS
    own, ours = multidogo_settings.settings()
    known = {item.text for item in others}
    assert {item.text for item in own.prepare(DATA, 0).train} <= known
    assert ours.prepare(DATA, 0).train
