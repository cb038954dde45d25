"""FLAME as a head model. The real file cannot be had here, so the built-in head plays it, in another person's shape,
with other vertices and triangles and mixed expressions: what comes out must do what the built-in head does.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from cameo.backend.artifacts import Part, orbit_camera
from cameo.backend.errors import AssetError
from cameo.backend.head.contour import MovingContour, landmarks68
from cameo.backend.head.controls import ARKIT_NAMES, parameters_from_controls
from cameo.backend.head.expression_fit import controls_of_units
from cameo.backend.head.face_regions import IBUG_INNER
from cameo.backend.head.fit_sight import Sight
from cameo.backend.head.flame import head_model
from cameo.backend.head.flame.closest import OnSurface, closest_points
from cameo.backend.head.flame.head_model import FlameFiles, convert, head_model_at
from cameo.backend.head.flame.smplx_layout import model_pickle
from cameo.backend.head.landmark_fit import fit_landmarks
from cameo.backend.head.lbs import pose_vertices
from cameo.backend.head.mesh_raster import project
from cameo.backend.head.model import load_head_model, make_avatar_mesh
from flame_files import pickled, random_model, write, write_landmarks
from other_head import other_head, thinned
from scipy.spatial.transform import Rotation

BETAS = np.random.default_rng(5).normal(0, 0.7, 30)
"""Whose head the "FLAME" is."""


@pytest.fixture(scope="module")
def switched(tmp_path_factory):
    """What the setting gives for a model file, and how its vertices relate to the built-in head's."""
    folder = tmp_path_factory.mktemp("flame")
    model, same = other_head(identity=BETAS)
    path = write(folder / "flame2023.pkl", model_pickle(model))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMEO_CACHE", str(folder / "cache"))
        head = head_model_at(str(path))
        assert head_model_at(str(path)) is head
        head_model._flame_head.cache_clear()
        patch.setattr(head_model, "convert", None)  # would fail if it were called again
        again = head_model_at(str(path))
    return SimpleNamespace(head=head, again=again, same=same, model=model)


def test_empty_is_the_built_in_head():
    assert head_model_at("") is load_head_model()


def test_the_second_time_it_is_only_loaded(switched):
    assert switched.again.topology_id == switched.head.topology_id
    assert switched.again.controls == switched.head.controls
    np.testing.assert_array_equal(switched.again.unit_dirs, switched.head.unit_dirs)


def motion(head, neutral, values):
    mesh = make_avatar_mesh(head, neutral, np.zeros_like(neutral))
    return pose_vertices(mesh, parameters_from_controls(mesh, values)) - neutral


def test_every_arkit_name_does_what_it_does_on_our_head(switched):
    """Over the moved skin: 0.15 mm on average (motions: 3.4 mm), no control more than a sixth of its own motion."""
    ours, theirs = load_head_model(), switched.head
    neutral, skin = ours.neutral(BETAS), theirs.masks["skin"]
    errors = {}
    for name in ARKIT_NAMES:
        if name == "tongueOut":
            continue
        values = {name: 1.0, "jawOpen": 1.0} if name == "mouthClose" else {name: 1.0}
        wanted = switched.same(motion(ours, neutral, values))[skin]
        found = motion(theirs, theirs.v_template, values)[skin]
        length, error = np.linalg.norm(wanted, axis=1), np.linalg.norm(found - wanted, axis=1)
        moved = length > 1e-3
        if moved.any():
            errors[name] = 1e3 * error[moved].mean()
            assert error[moved].mean() < length[moved].mean() / 6, name
    assert len(errors) >= 43
    assert np.mean(list(errors.values())) < 0.15, errors


def test_eyes_look_where_ours_look(switched):
    ours = load_head_model()
    by_name = {control.name: control.joints for control in ours.controls}
    for control in switched.head.controls:
        if control.name.startswith("eyeLook"):
            assert control.joints == by_name[control.name] and not control.units


def test_tongue_out_is_there_and_moves_nothing(switched):
    control = next(control for control in switched.head.controls if control.name == "tongueOut")
    assert not control.units and not control.joints
    assert "tongueOut" not in switched.head.unit_names


def test_raw_coefficients_stay_reachable(switched):
    head = switched.head
    parameters = parameters_from_controls(head, {"expression003": 0.5})
    assert head.unit_names[int(np.flatnonzero(parameters.units)[0])] == "expression003"
    raw = head.unit_dirs[head.unit_names.index("expression003")]
    np.testing.assert_allclose(raw, switched.model.exprdirs[:, :, 3], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "least"),
    [("lips", 0.85), ("nose", 0.85), ("ears", 0.85), ("left_eyeball", 0.99), ("right_iris", 0.95), ("scalp", 0.85)],
)
def test_regions_are_carried_over(switched, name, least):
    wanted = switched.same(load_head_model().masks[name].astype(float)) > 0.5
    found = switched.head.masks[name]
    assert (wanted & found).sum() / (wanted | found).sum() > least


def test_landmarks_lie_on_the_like_places(switched):
    """Eyes and mouth within a millimetre of where the same person's built-in head has them; elsewhere within three."""
    ours, theirs = load_head_model(), switched.head

    def points(head, vertices):
        return np.einsum("kc,kcx->kx", head.landmarks478.bary, vertices[head.faces[head.landmarks478.face]])

    distance = np.linalg.norm(points(theirs, theirs.v_template) - points(ours, ours.neutral(BETAS)), axis=1)
    inner = [33, 133, 159, 145, 263, 362, 386, 374, 61, 291, 13, 14, 468, 473, 1]
    assert distance[inner].mean() < 1e-3
    assert np.median(distance) < 3e-3


def test_a_blink_closes_these_eyes(switched):
    """Lid margins meet: the grid of the lids is found on the other mesh, too."""
    head = switched.head
    blink = head.v_template + motion(head, head.v_template, {"eyeBlinkLeft": 1.0})
    upper, lower = head.lid_rows[0][2, 7], head.lid_rows[0][2, 21]
    opened = head.v_template[upper, 1] - head.v_template[lower, 1]
    assert opened > 5e-3
    assert blink[upper, 1] - blink[lower, 1] < 0.1 * opened


def test_mirror_is_on_the_other_side(switched):
    head = switched.head
    moved = head.v_template[head.mirror] * [-1, 1, 1] - head.v_template
    assert np.median(np.linalg.norm(moved, axis=1)) < 2e-3
    assert (head.part == Part.LEFT_EYE).sum() > 500


def test_files_of_flames_size_get_teeth_texture_and_their_own_regions(tmp_path):
    model, ours = thinned(5023, BETAS), load_head_model()
    inner = list(IBUG_INNER)
    marks = OnSurface(ours.landmarks478.face[inner], ours.landmarks478.bary[inner])
    wanted = marks.carry(ours.neutral(BETAS), ours.faces)
    known = closest_points(np.r_[np.zeros((17, 3)), wanted, wanted[:2]], model.v_template, model.faces)
    write(tmp_path / "generic_model.pkl", model_pickle(model))
    write(tmp_path / "FLAME_masks.pkl", pickled({"lips": np.arange(7), "left_ear": [8], "right_ear": [9]}))
    write_landmarks(
        tmp_path / "landmark_embedding_with_eyes.npy",
        len(model.faces),
        full_lmk_faces_idx=known.face[None],
        full_lmk_bary_coords=known.bary[None],
    )
    lines = ["vt 0.5 0.25"] * 3 + ["f 1/1 2/2 3/3"] * len(model.faces)
    write(tmp_path / "head_template_mesh.obj", "\n".join(lines).encode())
    head = convert(FlameFiles.beside(tmp_path / "generic_model.pkl"), ours)
    assert head.v_template.shape == (5143, 3) and (head.part == Part.TEETH).sum() == 168
    found = np.einsum("kc,kcx->kx", head.landmarks478.bary, head.v_template[head.faces[head.landmarks478.face]])[inner]
    assert np.linalg.norm(found - wanted, axis=1).mean() < 6e-4, "the landmarks did not guide"
    assert np.flatnonzero(head.masks["lips"]).tolist() == list(range(7))
    assert np.flatnonzero(head.masks["ears"]).tolist() == [8, 9]
    assert head.masks["upper_teeth"].sum() == head.masks["lower_teeth"].sum() == 60
    assert head.uv.shape == (3 + 120, 2) and head.uv_faces.max() == 122
    assert all(np.isfinite(getattr(head, name)).all() for name in ("unit_dirs", "posedirs", "uv"))


def test_numbers_in_flames_format_are_no_head(tmp_path):
    """The parity check's kind of file: every array as in FLAME, no face in it."""
    with pytest.raises(AssetError) as refusal:
        head_model_at(str(write(tmp_path / "flame2023.pkl", pickled(random_model(vertices=500)))))
    assert refusal.value.code == "flame.not_a_head"


def test_a_wrong_file_is_named(tmp_path):
    with pytest.raises(AssetError) as missing:
        head_model_at(str(tmp_path / "nowhere.pkl"))
    assert missing.value.code == "flame.missing"


def test_the_68_landmarks_lie_where_ours_do_and_fit(switched):
    """The jaw line of the other mesh, chosen on it by the same rule; and its own turned head found again."""
    ours, theirs = load_head_model(), switched.head
    places = []
    for head, vertices in ((ours, ours.neutral(BETAS)), (theirs, theirs.v_template)):
        marks = landmarks68(head)
        places.append(np.einsum("kc,kcx->kx", marks.bary, vertices[head.faces[marks.face]]))
    apart = places[0] - places[1]
    assert np.linalg.norm(apart[17:], axis=1).max() < 0.002
    assert np.linalg.norm(apart[:17, :2], axis=1).max() < 0.006  # in depth the jaw's side seen from the front is open
    camera = orbit_camera(-35, 5, distance=1.2, fov_deg=19, size=512)
    face, bary = MovingContour(theirs).embedding(theirs.v_template, camera)
    seen = np.einsum("kc,kcx->kx", bary, theirs.v_template[theirs.faces[face]])
    sight = Sight(project(np.concatenate([seen, places[1][17:]]), camera)[:, :2], camera)
    fit = fit_landmarks([sight], theirs, landmarks68(theirs), calibrated=True)
    assert Rotation.from_matrix(fit.moments[0].rotation).magnitude() < np.deg2rad(3)
    assert fit.errors[0].mean() < 0.6


def test_expressions_of_a_tracker_become_controls(switched):
    """Coefficients that make a smile and raised brows on this FLAME are found to be those controls."""
    head = switched.head
    index = {name: k for k, name in enumerate(head.unit_names)}
    raw = [k for name, k in index.items() if name.startswith("expression")]
    flat = head.unit_dirs.reshape(len(head.unit_dirs), -1).astype(np.float64)
    wanted = {"mouthSmileLeft": 0.7, "browInnerUp": 0.4}
    shape = sum(value * gain * flat[k] for c in head.controls for k, gain in c.units if (value := wanted.get(c.name)))
    units = np.zeros((2, len(flat)))
    units[1, raw] = np.linalg.lstsq(flat[raw].T, shape, rcond=None)[0]
    fit = controls_of_units(head, units)
    values = dict(zip(fit.names, fit.values[1]))
    assert not fit.values[0].any() and fit.missed < 0.1
    assert {name: values[name] for name in wanted} == pytest.approx(wanted, abs=0.1)
    assert max(value for name, value in values.items() if name not in wanted) < 0.15
