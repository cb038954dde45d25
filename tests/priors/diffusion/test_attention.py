"""Every view reads the reference of its own half, in one batch or in chunks."""

import pytest
import torch
from cameo.backend.priors.diffusion.attention import (
    MutualAttention,
    Source,
    mutual_attention,
    plain_attention,
    references,
)

HALVES, VIEWS, HEADS, TOKENS, DIM = 2, 4, 3, 10, 8


def random_batch(seed, views=VIEWS):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(HALVES * views, HEADS, TOKENS, DIM, generator=generator)


def written_out(query, key, value, scale):
    """Softmax attention, one item after another; item 0 of its half is what an item reads."""
    read = torch.empty_like(query)
    for item in range(len(query)):
        reference = item // VIEWS * VIEWS
        for head in range(HEADS):
            score = query[item, head] @ key[reference, head].T * scale
            read[item, head] = torch.softmax(score, -1) @ value[reference, head]
    return read


@pytest.mark.parametrize("scale", [DIM**-0.5, 0.2])
def test_mutual_attention_is_softmax_attention_to_the_reference(scale):
    query, key, value = random_batch(0), random_batch(1), random_batch(2)
    read = mutual_attention(query, references(key, HALVES), references(value, HALVES), scale)
    assert torch.allclose(read, written_out(query, key, value, scale), atol=1e-6)


def test_the_reference_reads_itself():
    query, key, value = random_batch(0), random_batch(1), random_batch(2)
    read = mutual_attention(query, references(key, HALVES), references(value, HALVES))
    assert torch.allclose(references(read, HALVES), references(plain_attention(query, key, value), HALVES), atol=1e-6)


def test_before_the_start_and_in_inversion_attention_is_ordinary():
    control = MutualAttention(start_step=2, start_layer=5)
    query, key, value = random_batch(0), random_batch(1), random_batch(2)
    plain = plain_attention(query, key, value)
    for source, step, layer, ordinary in (
        (Source.BATCH, 1, 5, True),
        (Source.BATCH, 2, 4, True),
        (Source.BATCH, 2, 5, False),
        (Source.NONE, 2, 5, True),
    ):
        control.begin(source, step, HALVES)
        assert torch.equal(control.attend(layer, query, key, value), plain) is ordinary


def test_views_without_their_reference_are_refused():
    control = MutualAttention(start_step=0, start_layer=0)
    query, key, value = random_batch(0), random_batch(1), random_batch(2)
    control.begin(Source.MEMORY, 0, HALVES)
    with pytest.raises(LookupError, match=r"Source\.BATCH"):
        control.attend(0, query, key, value)
    control.begin(Source.BATCH, 0, HALVES)
    control.attend(0, query, key, value)
    control.begin(Source.MEMORY, 0, halves=1)
    with pytest.raises(LookupError, match="halves"):
        control.attend(0, query, key, value)
    control.begin(Source.MEMORY, 0, HALVES)
    control.attend(0, query, key, value)
    control.forget()
    with pytest.raises(LookupError):
        control.attend(0, query, key, value)
