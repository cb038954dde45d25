"""Rays are where a pinhole camera has them."""

import torch
from cameo.backend.priors.panohead.rays import camera_of, pixel_rays
from small_panohead import camera_label


def test_points_on_rays_project_to_pixel_centers():
    label = torch.cat([camera_label(0.7, 0.2), camera_label(-2.0, -0.3)])
    label[:, 17], label[:, 18], label[:, 21] = 0.3, 0.45, 0.55  # skew and an off-center picture
    size = 5
    origins, directions = pixel_rays(label, size)
    assert origins.shape == directions.shape == (2, 25, 3)
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(2, 25))
    cam2world, K = camera_of(label)
    points = origins + 1.7 * directions
    world = torch.cat([points, torch.ones(2, 25, 1)], -1)
    seen = (torch.linalg.inv(cam2world)[:, None] @ world[..., None])[..., :3, 0]
    assert (seen[..., 2] > 0).all()
    pixels = (K[:, None] @ seen[..., None])[..., 0]
    pixels = pixels[..., :2] / pixels[..., 2:]
    for row in range(size):
        for column in range(size):
            expected = torch.tensor([(column + 0.5) / size, (row + 0.5) / size]).expand(2, 2)
            torch.testing.assert_close(pixels[:, row * size + column], expected, atol=1e-5, rtol=0)


def test_the_front_camera_sees_the_face_upright_and_the_subjects_left_on_the_right():
    origins, directions = pixel_rays(camera_label(), 2)
    torch.testing.assert_close(origins[0, 0], torch.tensor([0.0, 0.0, 2.7]))
    upper_left, upper_right, lower_left, _ = directions[0]
    assert (directions[0, :, 2] < 0).all()
    assert upper_left[1] > 0 > lower_left[1]
    assert upper_left[0] < 0 < upper_right[0]


def test_all_rays_begin_at_the_camera_and_the_middle_meets_the_target():
    label = camera_label(1.1, 0.4)
    origins, directions = pixel_rays(label, 3)
    assert (origins == origins[:, :1]).all()
    middle = origins[0, 4] + 2.7 * directions[0, 4]
    torch.testing.assert_close(middle, torch.zeros(3), atol=1e-6, rtol=0)
