"""The tri-grid against a trilinear interpolation that looks at one cell after another."""

import itertools
import math

import numpy as np
import torch
from cameo.backend.priors.panohead.trigrid import PLANE_AXES, Decoder, sampled


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def trilinear(grid, place):
    """Value of ``grid`` [C,D,H,W] at ``place`` (along W, H, D), -1..1 from edge to edge; 0 outside."""
    sizes = grid.shape[:0:-1]
    positions = [((p + 1) * size - 1) / 2 for p, size in zip(place, sizes, strict=True)]
    result = np.zeros(grid.shape[0])
    for corner in itertools.product((0, 1), repeat=3):
        cells = [math.floor(position) + step for position, step in zip(positions, corner, strict=True)]
        if all(0 <= cell < size for cell, size in zip(cells, sizes, strict=True)):
            share = math.prod(1 - abs(position - cell) for position, cell in zip(positions, cells, strict=True))
            result += share * grid[:, cells[2], cells[1], cells[0]]
    return result


def test_against_a_loop_over_cells():
    depth, box = 3, 1.3
    planes = drawn(2, 3 * 32 * depth, 5, 5)
    points = (torch.rand(2, 40, 3, generator=torch.Generator().manual_seed(1)) - 0.5) * 1.5  # some outside
    found = sampled(planes, depth, torch.tensor(PLANE_AXES), points, box)
    assert found.shape == (2, 40, 32)
    grids = planes.numpy().reshape(2, 3, 32, depth, 5, 5)
    for head, index in itertools.product(range(2), range(40)):
        x, y, z = (points[head, index].numpy() * (2 / box)).tolist()
        # Which coordinate runs along width, height and depth of each plane.
        values = [trilinear(grids[head, plane], p) for plane, p in enumerate(((x, y, z), (x, z, y), (y, z, x)))]
        np.testing.assert_allclose(found[head, index].numpy(), np.mean(values, 0), atol=1e-5)


def test_far_outside_is_nothing():
    found = sampled(drawn(1, 96, 4, 4), 1, torch.tensor(PLANE_AXES), torch.full((1, 1, 3), 5.0), 1.0)
    assert not found.any()


def test_layers_tell_front_from_back():
    """With one layer, the first plane gives points before and behind each other the same; with three it does not."""
    points = torch.tensor([[[0.1, 0.1, 0.2], [0.1, 0.1, -0.2]]])
    for depth, same in ((1, True), (3, False)):
        planes = drawn(1, 3 * 32 * depth, 8, 8)
        planes[:, 32 * depth :] = 0  # the first plane alone
        front, back = sampled(planes, depth, torch.tensor(PLANE_AXES), points, 1.0)[0]
        # A single layer fades towards the box's front and back, equally.
        assert bool(torch.allclose(front, back, atol=1e-6)) is same


def test_decoder_by_its_formula():
    decoder = Decoder(rate=0.5).requires_grad_(False)
    for seed, value in enumerate(decoder.parameters()):
        value.copy_(drawn(*value.shape, seed=seed))
    features = drawn(2, 7, 32)
    first, last = decoder.net[0], decoder.net[2]
    hidden = torch.log1p(torch.exp(features @ first.weight.T * (0.5 / math.sqrt(32)) + first.bias * 0.5))
    result = hidden @ last.weight.T * (0.5 / 8) + last.bias * 0.5
    seen, density = decoder(features)
    torch.testing.assert_close(density, result[..., :1])
    torch.testing.assert_close(seen, result[..., 1:])
