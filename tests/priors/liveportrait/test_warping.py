import math

import torch
from cameo.backend.priors.liveportrait.warping import (
    DenseMotion,
    WarpingModule,
    heatmaps,
    identity_grid,
    shifted_copies,
)
from small_liveportrait import SMALL, shaken

SHAPE = (3, 4, 5)


def cell_coordinate(index, size):
    """Where a cell lies: the outermost at -1 and 1."""
    return 2 * index / (size - 1) - 1


def trilinear(volume, x, y, z):
    """[c] of ``volume`` [c,D,H,W] at a place in -1..1 (the outer edges), zero outside; cell by cell."""
    _, depth, height, width = volume.shape
    position = [((place + 1) * size - 1) / 2 for place, size in ((z, depth), (y, height), (x, width))]
    total = torch.zeros(len(volume), dtype=volume.dtype)
    for k in range(depth):
        for j in range(height):
            for i in range(width):
                weight = math.prod(max(0.0, 1 - abs(p - n)) for p, n in zip(position, (k, j, i)))
                total += weight * volume[:, k, j, i]
    return total


def test_identity_grid_reaches_from_edge_to_edge():
    grid = identity_grid(SHAPE, torch.zeros(1))
    for d in range(3):
        for h in range(4):
            for w in range(5):
                expected = [cell_coordinate(w, 5), cell_coordinate(h, 4), cell_coordinate(d, 3)]
                torch.testing.assert_close(grid[d, h, w], torch.tensor(expected))


def test_heatmaps_cell_by_cell():
    torch.manual_seed(1)
    kp = torch.rand(2, 3, 3) * 2 - 1
    ours = heatmaps(kp, SHAPE)
    for b, k, d, h, w in [(0, 0, 0, 0, 0), (0, 2, 1, 3, 4), (1, 1, 2, 1, 2), (1, 0, 1, 2, 0)]:
        x, y, z = kp[b, k].tolist()
        square = (cell_coordinate(w, 5) - x) ** 2 + (cell_coordinate(h, 4) - y) ** 2 + (cell_coordinate(d, 3) - z) ** 2
        assert abs(ours[b, k, d, h, w].item() - math.exp(-0.5 * square / 0.01)) < 1e-6


def test_a_heatmap_peaks_with_one_at_its_keypoint():
    cell = identity_grid(SHAPE, torch.zeros(1))[1, 2, 3]
    heat = heatmaps(cell[None, None], SHAPE)[0, 0]
    assert heat.argmax() == (1 * 4 + 2) * 5 + 3
    assert heat.max().item() == 1


def test_shifted_copies_cell_by_cell():
    torch.manual_seed(2)
    volume, shifts = torch.randn(2, 2, *SHAPE, dtype=torch.float64), torch.randn(2, 2, 3, dtype=torch.float64) * 0.4
    ours = shifted_copies(volume, shifts)
    assert ours.shape == (2, 3, 2, *SHAPE)
    with_rest = torch.cat([torch.zeros(2, 1, 3), shifts], 1)
    for b in range(2):
        for k in range(3):
            for d in range(3):
                for h in range(4):
                    for w in range(5):
                        cell = torch.tensor(
                            [cell_coordinate(w, 5), cell_coordinate(h, 4), cell_coordinate(d, 3)], dtype=torch.float64
                        )
                        expected = trilinear(volume[b], *(cell + with_rest[b, k]).tolist())
                        torch.testing.assert_close(ours[b, k, :, d, h, w], expected, atol=1e-9, rtol=0)


def test_the_field_mixes_the_keypoints_motions():
    """Against the sum over every keypoint's own field, as the paper writes it."""
    torch.manual_seed(3)
    network = shaken(DenseMotion(SMALL))
    scores = []
    network.mask.register_forward_hook(lambda _, __, output: scores.append(output))
    volume = torch.randn(2, SMALL.volume_channels, SMALL.volume_depth, 8, 8)
    driving, source = torch.randn(2, 2, SMALL.keypoints, 3).mul(0.4)
    field, occlusion = network(volume, driving, source)
    grid = identity_grid((SMALL.volume_depth, 8, 8), volume)
    weights = scores[0].exp() / scores[0].exp().sum(1, keepdim=True)
    expected = weights[:, 0, ..., None] * grid
    for k in range(SMALL.keypoints):
        to_source = grid - driving[:, k, None, None, None] + source[:, k, None, None, None]
        expected = expected + weights[:, k + 1, ..., None] * to_source
    torch.testing.assert_close(field, expected, atol=1e-5, rtol=1e-5)
    assert occlusion.shape == (2, 1, 8, 8)
    assert 0 < occlusion.min() < occlusion.max() < 1


def test_the_volume_is_sampled_where_the_field_points_and_dimmed_where_hidden():
    torch.manual_seed(4)
    network = shaken(WarpingModule(SMALL))
    volume = torch.randn(1, SMALL.volume_channels, SMALL.volume_depth, 8, 8)
    driving, source = torch.randn(2, 1, SMALL.keypoints, 3).mul(0.4)
    moved = []
    network.third.register_forward_pre_hook(lambda _, inputs: moved.append(inputs[0]))
    network.fourth.register_forward_hook(lambda _, __, output: moved.append(output))
    warped = network(volume, driving, source)
    for d, h, w in [(0, 0, 0), (3, 2, 7), (1, 5, 4), (2, 7, 1)]:
        expected = trilinear(volume[0], *warped.deformation[0, d, h, w].tolist())
        found = moved[0].unflatten(1, (SMALL.volume_channels, SMALL.volume_depth))[0, :, d, h, w]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(warped.out, moved[1] * warped.occlusion_map)
