"""The z-buffer against a slow reference: ray by ray, face by face."""

import numpy as np
from cameo.backend.artifacts import Camera, orbit_camera
from cameo.backend.head.mesh_raster import back_facing, project, rasterize_mesh, shade
from hypothesis import given, settings
from hypothesis import strategies as st

CAMERA = orbit_camera(20, 10, distance=1.0, fov_deg=20, size=24, center=(0, 0, 0))


def random_mesh(seed: int, faces: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.18, 0.18, (3 * faces, 3)), np.arange(3 * faces).reshape(-1, 3)


def nearest_by_ray(vertices: np.ndarray, faces: np.ndarray, camera: Camera, alpha: np.ndarray):
    """For every pixel the nearest hit (face, barycentric, depth) along its ray, by Cramer's rule."""
    found = {}
    points = vertices @ camera.viewmat[:3, :3].T + camera.viewmat[:3, 3]
    for y in range(camera.height):
        for x in range(camera.width):
            ray = np.array(
                [(x + 0.5 - camera.K[0, 2]) / camera.K[0, 0], (y + 0.5 - camera.K[1, 2]) / camera.K[1, 1], 1]
            )
            for index, corner in enumerate(faces):
                a, b, c = points[corner]
                try:
                    depth, v, w = np.linalg.solve(np.stack([ray, a - b, a - c], 1), a)
                except np.linalg.LinAlgError:
                    continue
                bary = np.array([1 - v - w, v, w])
                if bary.min() < 0 or bary @ alpha[corner] < 0.5:
                    continue
                if (y, x) not in found or depth < found[y, x][2]:
                    found[y, x] = (index, bary, depth)
    return found


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), holes=st.booleans())
def test_equals_a_ray_by_ray_reference(seed, holes):
    vertices, faces = random_mesh(seed)
    alpha = np.random.default_rng(seed + 1).uniform(0, 1, len(vertices)) if holes else np.ones(len(vertices))
    raster = rasterize_mesh(vertices, faces, CAMERA, vertex_alpha=alpha if holes else None)
    expected = nearest_by_ray(vertices, faces, CAMERA, alpha)
    seen = {(y, x) for y, x in np.argwhere(raster.face >= 0)}
    assert len(seen ^ expected.keys()) <= 1  # a ray through an edge may fall to either side
    for pixel in seen & expected.keys():
        face, bary, depth = expected[pixel]
        assert abs(raster.depth[pixel] - depth) < 1e-6
        if raster.face[pixel] == face:
            np.testing.assert_allclose(raster.bary[pixel], bary, atol=1e-5)


def test_nothing_is_infinitely_far_and_the_same_call_gives_the_same_pixels():
    vertices, faces = random_mesh(3)
    first, second = (rasterize_mesh(vertices, faces, CAMERA, supersample=2) for _ in range(2))
    assert first.face.shape == (48, 48)
    assert np.isinf(first.depth[first.face < 0]).all() and np.isfinite(first.depth[first.face >= 0]).all()
    for name in ("face", "bary", "depth"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


def test_a_face_that_reaches_behind_the_camera_is_dropped():
    vertices = np.array([[0, 0, 0.0], [0.1, 0, 0], [0, 0.1, 2.0]])
    camera = orbit_camera(0, 0, distance=1.0, fov_deg=40, size=16, center=(0, 0, 0))
    assert (rasterize_mesh(vertices, np.array([[0, 1, 2]]), camera).face == -1).all()


def test_shade_is_premultiplied_and_averages_samples():
    vertices = np.array([[-1.0, -1, 0], [0, -1, 0], [0, 1, 0], [-1, 1, 0]])  # the left half of the picture
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    camera = orbit_camera(0, 0, distance=2.0, fov_deg=30, size=9, center=(0, 0, 0))
    raster = rasterize_mesh(vertices, faces, camera, supersample=2)
    rgba = shade(raster, faces, np.full((4, 3), 0.8), face_gain=np.array([0.5, 0.5]))
    np.testing.assert_allclose(rgba[:, :4], np.broadcast_to([0.4, 0.4, 0.4, 1], (9, 4, 4)), atol=1e-6)
    np.testing.assert_allclose(rgba[:, 4], np.broadcast_to([0.2, 0.2, 0.2, 0.5], (9, 4)), atol=1e-6)
    assert (rgba[:, 5:] == 0).all()


def test_pixels_follow_the_convention_and_backs_are_known():
    camera = orbit_camera(0, 0, distance=1.0, fov_deg=30, size=100, center=(0, 0, 0))
    (x, y, depth), *_ = project(np.array([[0.05, 0.1, 0.2], [0, 0, 0]]), camera)
    assert x > 50 and y < 50 and abs(depth - 0.8) < 1e-12  # the subject's left is right, up is up, +z is near
    front = np.array([[0.0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])  # normal towards +z
    assert not back_facing(front, np.array([[0, 1, 2]]), camera)[0]
    assert back_facing(front, np.array([[0, 2, 1]]), camera)[0]
