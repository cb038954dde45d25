"""Hair from an outline: the map, the thickness, the strands and the mesh that carries them."""

import numpy as np
import pytest
from cameo.backend.artifacts import orbit_camera
from cameo.backend.engines.builtin.hair_alpha import averted, hair_alpha, look_at_shell
from cameo.backend.engines.builtin.hair_atlas import HairAtlas
from cameo.backend.engines.builtin.hair_proxy import hair_proxy
from cameo.backend.engines.builtin.hair_shell import HairShell
from cameo.backend.engines.builtin.hair_strands import comb
from cameo.backend.engines.builtin.hair_thickness import camera_azimuth, shell_normals, skull_radius, solve_shell
from cameo.backend.head.mesh_raster import rasterize_mesh
from hypothesis import given, settings
from hypothesis import strategies as st

ATLAS = HairAtlas.with_cell(0.002)
coordinates = st.tuples(*(st.floats(-0.15, 0.15) for _ in range(3)))


@settings(max_examples=60, deadline=None)
@given(st.lists(coordinates, min_size=1, max_size=20))
def test_atlas_finds_points_again(points):
    points = np.array(points) + ATLAS.center
    horizontal = np.hypot(*(points - ATLAS.center)[:, [0, 2]].T)
    points = points[horizontal > 1e-3]
    row, column, radius = ATLAS.locate(points)
    polar = np.minimum(row / ATLAS.dome_rows, 1) * np.pi / 2
    azimuth = (column / ATLAS.columns * 2 - 1) * np.pi
    direction = np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)], 1)
    drop = np.maximum(row - ATLAS.dome_rows, 0) * ATLAS.cell
    rebuilt = np.array(ATLAS.center) + direction * radius[:, None]
    rebuilt[:, 1] -= drop
    np.testing.assert_allclose(rebuilt, points, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(coordinates, st.floats(0.02, 0.2))
def test_with_radius_moves_along_the_ray(point, radius):
    point = np.array([point]) + ATLAS.center
    if np.hypot(*(point - ATLAS.center)[0, [0, 2]]) < 1e-3:
        return
    moved = ATLAS.with_radius(point, np.array([radius]))
    before, after = ATLAS.locate(point), ATLAS.locate(moved)
    assert after[2][0] == pytest.approx(radius, abs=1e-9)
    assert after[0][0] == pytest.approx(before[0][0], abs=1e-6)


def test_sampling_wraps_round_the_back():
    field = np.cos(np.arange(ATLAS.columns) / ATLAS.columns * 2 * np.pi)[None].repeat(ATLAS.rows, 0)
    value = ATLAS.sample(field, np.array([10.0, 10.0]), np.array([ATLAS.columns - 0.5, -0.5]))
    assert value[0] == pytest.approx(value[1], abs=1e-6)
    assert value[0] == pytest.approx((field[0, 0] + field[0, -1]) / 2, abs=1e-6)


def test_faces_look_outwards(known_hair):
    points = ATLAS.points(known_hair.radius).reshape(-1, 3)
    a, b, c = (points[ATLAS.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    big = np.linalg.norm(normal, axis=1) > 1e-12
    outwards = (a + b + c) / 3 - ATLAS.center
    outwards[:, 1] = np.maximum(outwards[:, 1], 0)
    assert ((normal * outwards).sum(1)[big] > 0).all()


def test_skull_radius_of_a_sphere():
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(30_000, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = skull_radius(ATLAS, ATLAS.center + 0.09 * direction)
    assert np.abs(radius[: ATLAS.dome_rows] - 0.09).max() < 5e-4


def test_thickness_is_read_from_the_outline(known_hair):
    everything = np.ones_like(known_hair.mask)
    radius, outline = solve_shell(ATLAS, known_hair.skull, known_hair.mask, everything, known_hair.camera)
    measured = outline.thickness[np.isfinite(outline.thickness)]
    assert np.abs(np.median(measured) - 0.02) < 0.0015
    thickness = (radius - known_hair.skull)[: ATLAS.row_at_height(-0.05)]
    assert np.abs(np.median(thickness) - 0.02) < 0.003, "the back follows the sides, a little thinner"
    wanted = ATLAS.row_at_height(-0.09)
    assert all(abs(end - wanted) * ATLAS.cell < 0.012 for end in outline.ends)


def test_the_shell_fills_its_own_outline(known_hair):
    everything = np.ones_like(known_hair.mask)
    radius, outline = solve_shell(ATLAS, known_hair.skull, known_hair.mask, everything, known_hair.camera)
    points = ATLAS.points(radius)[: min(outline.ends) + 1].reshape(-1, 3)
    faces = ATLAS.faces[(ATLAS.faces < len(points)).all(1)]
    drawn = rasterize_mesh(points, faces, known_hair.camera).face >= 0
    overlap = (drawn & known_hair.mask).sum() / (drawn | known_hair.mask).sum()
    assert overlap > 0.95


def test_no_peak_at_the_crown(known_hair):
    everything = np.ones_like(known_hair.mask)
    radius, _ = solve_shell(ATLAS, known_hair.skull, known_hair.mask, everything, known_hair.camera)
    top = ATLAS.points(radius)[:12, :, 1]
    assert np.ptp(top[1] - top[0].mean()) < 1e-3
    assert np.abs(np.diff(top, axis=0)).max() < 2e-3


def test_where_the_picture_ends_nothing_is_measured(known_hair):
    known = np.ones_like(known_hair.mask)
    known[: np.flatnonzero(known_hair.mask.any(1))[0] + 20] = False
    radius, _ = solve_shell(ATLAS, known_hair.skull, known_hair.mask & known, known, known_hair.camera)
    crown = (radius - known_hair.skull)[:10].mean()
    assert crown > 0.012, "hair cut by the picture's edge must not be flattened"


@pytest.fixture(scope="module")
def strands(known_hair):
    size = known_hair.camera.width
    x = np.mgrid[0:size, 0:size][1]
    stripes = (127 + 100 * np.sin(x / 2.5))[..., None].repeat(3, 2).astype(np.uint8)  # vertical strands
    mask, everything = known_hair.mask, np.ones_like(known_hair.mask)
    seen = look_at_shell(ATLAS, known_hair.radius, mask, mask, everything, known_hair.camera)
    return comb(ATLAS, known_hair.radius, stripes, known_hair.mask, seen, known_hair.camera, 0)


def test_strands_lie_in_the_surface(known_hair, strands):
    np.testing.assert_allclose(np.linalg.norm(strands.tangent, axis=-1), 1, atol=1e-3)
    flat = slice(4, ATLAS.rows - 2)
    assert np.abs((strands.tangent * strands.normal).sum(-1)[flat]).max() < 0.05
    assert (strands.tangent[ATLAS.dome_rows + 10 : -2, :, 1] < -0.5).all(), "hair hangs down"


def test_strand_pattern_runs_along_the_strands(strands):
    rows = slice(ATLAS.dome_rows, ATLAS.dome_rows + 40)
    pattern = strands.clumps[rows]
    along = np.abs(np.diff(pattern, axis=0)).mean()
    across = np.abs(np.diff(pattern, axis=1)).mean()
    assert across > 2 * along
    assert strands.fine.std() == pytest.approx(1, abs=1e-3)


def test_turned_head_gives_up_its_averted_temple():
    half = ATLAS.columns // 2
    straight = averted(ATLAS, orbit_camera(3, 0, distance=1, fov_deg=25, size=64))
    turned_camera = orbit_camera(25, 0, distance=1, fov_deg=25, size=64)
    turned = averted(ATLAS, turned_camera)
    assert camera_azimuth(ATLAS, turned_camera) > 0
    assert not straight.any()
    assert turned[:half].max() == 1 and not turned[half:].any(), "seen from the left, the right temple is averted"


def alpha_of_hair_that_ends_at(known_hair, height):
    """Opacity of hair the photo shows down to ``height`` metres, on a scalp that reaches to just below the ears."""
    points = ATLAS.points(known_hair.radius)[: ATLAS.row_at_height(height)].reshape(-1, 3)
    faces = ATLAS.faces[(ATLAS.faces < len(points)).all(1)]
    mask = rasterize_mesh(points, faces, known_hair.camera).face >= 0
    everything = np.ones_like(mask)
    radius, outline = solve_shell(ATLAS, known_hair.skull, mask, everything, known_hair.camera)
    seen = look_at_shell(ATLAS, radius, mask, mask, everything, known_hair.camera)
    scalp = (np.arange(ATLAS.rows) < ATLAS.row_at_height(-0.05))[:, None] * (np.abs(ATLAS.azimuth) > np.pi / 2)
    return hair_alpha(ATLAS, seen, outline, scalp.astype(np.float32), known_hair.camera, bare_crown=False, seed=0)


def test_short_hair_reaches_the_nape_and_hangs_no_tufts_below_the_ears(known_hair):
    alpha = alpha_of_hair_that_ends_at(known_hair, 0.0)
    turn = np.rad2deg(np.abs(ATLAS.azimuth))
    row = ATLAS.row_at_height(-0.045)
    assert alpha[row, turn > 165].min() > 0.5
    assert alpha[row, (turn > 80) & (turn < 115)].max() < 0.1
    long = alpha_of_hair_that_ends_at(known_hair, -0.09)
    assert long[row, turn > 80].min() > 0.5


def alpha_of_a_horseshoe(known_hair, bare_crown):
    """Opacity of hair the photo shows on the two sides only, from 45 degrees below the crown down to the ears."""
    points = ATLAS.points(known_hair.radius).reshape(-1, 3)
    rows = ATLAS.faces[:, 0] // ATLAS.columns
    azimuth = np.abs(ATLAS.azimuth[ATLAS.faces[:, 0] % ATLAS.columns])
    hairy = (rows > ATLAS.dome_rows / 2) & (rows < ATLAS.row_at_height(-0.02)) & (azimuth > np.deg2rad(50))
    whole = ATLAS.row_at_height(-0.09)
    raster = rasterize_mesh(points, ATLAS.faces[rows < whole], known_hair.camera)
    mask = np.isin(raster.face, np.flatnonzero(hairy[rows < whole]))
    everything, person = np.ones_like(mask), raster.face >= 0
    radius, outline = solve_shell(ATLAS, known_hair.skull, mask, everything, known_hair.camera)
    seen = look_at_shell(ATLAS, radius, mask, person, everything, known_hair.camera)
    scalp = (np.arange(ATLAS.rows) < ATLAS.row_at_height(-0.05))[:, None] * (np.abs(ATLAS.azimuth) > np.pi / 2)
    return hair_alpha(ATLAS, seen, outline, scalp.astype(np.float32), known_hair.camera, bare_crown=bare_crown, seed=0)


def test_below_a_bare_crown_hair_goes_round_the_back_as_high_as_at_the_sides(known_hair):
    alpha = alpha_of_a_horseshoe(known_hair, bare_crown=True)
    behind = np.abs(ATLAS.azimuth) > np.deg2rad(110)
    crown, band = ATLAS.dome_rows // 2 - 10, ATLAS.dome_rows // 2 + 10
    assert alpha[:crown].max() < 0.05, "bare from every side"
    assert alpha[band : ATLAS.row_at_height(-0.02), behind].min() > 0.5, "closed round the back"
    full = alpha_of_a_horseshoe(known_hair, bare_crown=False)
    assert full[5:crown, behind].min() > 0.5, "a high forehead alone does not bare the back of the head"


def shell_of(known_hair, strands):
    alpha = np.zeros(ATLAS.shape, np.float32)
    alpha[: ATLAS.row_at_height(-0.03)] = 1
    alpha[40:, ATLAS.columns // 2 - 40 : ATLAS.columns // 2 + 40] = 0  # the face
    color = np.full((*ATLAS.shape, 3), 0.3, np.float32)
    radius = known_hair.radius.astype(np.float32)
    return HairShell(ATLAS, known_hair.skull.astype(np.float32), radius, alpha, (True, True), color, strands)


def test_skin_is_pushed_below_hair_and_only_there(known_hair, strands):
    shell = shell_of(known_hair, strands)
    points = ATLAS.points(known_hair.radius + 0.005)
    covered, free = points[20, ::10], points[ATLAS.row_at_height(-0.1), ::10]
    ceiling = ATLAS.points(known_hair.radius - 0.003)[20, ::10]
    np.testing.assert_allclose(shell.push_under(covered), ceiling, atol=5e-4)
    np.testing.assert_allclose(shell.push_under(free), free, atol=1e-12)


def test_proxy_is_small_closed_at_the_crown_and_owns_every_cell(known_hair, strands):
    proxy = hair_proxy(shell_of(known_hair, strands))
    assert 1000 < len(proxy.faces) < 5000
    assert proxy.owner.min() >= 0 and proxy.owner.max() < len(proxy.faces)
    corners = proxy.vertices[proxy.faces].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert area.min() > 1e-9, "no degenerate triangle: each carries a frame"
    used = ATLAS.points(known_hair.radius)[30, 10]
    owner = corners[proxy.owner[30, 10]].mean(0)
    assert np.linalg.norm(used - owner) < 0.02


def test_normals_point_outwards(known_hair):
    normal = shell_normals(ATLAS, known_hair.radius)
    assert ((normal * ATLAS.directions).sum(-1) > 0.5).all()
