"""The added teeth: what is known of them from VHAP's and GaussianAvatars' definition."""

import numpy as np
import pytest
from cameo.backend.errors import AssetError
from cameo.backend.head.flame.files import read_model
from cameo.backend.head.flame.teeth import (
    LOWER_RING,
    UPPER_RING,
    teeth_faces,
    teeth_template,
    teeth_texture,
    with_teeth,
)
from flame_files import pickled, random_model, write

LOWER = np.r_[15:30, 45:60, 90:120]  # roots, edges, both strips of the back


def mouth():
    """Vertices whose lips are straight, 10 mm apart."""
    vertices = np.zeros((5023, 3))
    x = np.linspace(-0.02, 0.02, 15)
    vertices[list(UPPER_RING)] = np.stack([x, np.full(15, 0.005), np.zeros(15)], 1)
    vertices[list(LOWER_RING)] = np.stack([x, np.full(15, -0.005), np.zeros(15)], 1)
    return vertices


def test_shape_follows_the_lips():
    strips = teeth_template(mouth()).reshape(8, 15, 3)
    heights = [0.021, -0.021, 0.001, -0.001, 0.021, 0.001, -0.021, -0.001]
    depths = [-0.015, -0.019, -0.015, -0.019, -0.025, -0.025, -0.029, -0.029]
    for strip, height, depth in zip(strips, heights, depths):
        np.testing.assert_allclose(strip, np.stack([np.linspace(-0.02, 0.02, 15), [height] * 15, [depth] * 15], 1))


def test_triangles():
    faces = teeth_faces()
    assert faces.shape == (168, 3) and set(faces.ravel()) == set(range(120))
    assert len({tuple(sorted(face)) for face in faces.tolist()}) == 168
    is_lower = np.isin(faces, LOWER)
    assert is_lower.all(1).sum() == 84 and (~is_lower).all(1).sum() == 84
    # mirroring the mouth maps the set of triangles onto itself
    mirrored = faces // 15 * 15 + 14 - faces % 15
    assert {frozenset(face) for face in mirrored.tolist()} == {frozenset(face) for face in faces.tolist()}
    # no edge has more than two triangles
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() == 2


def test_front_faces_look_out_of_the_mouth():
    vertices, faces = teeth_template(mouth()), teeth_faces()
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.linalg.norm(normals, axis=1) > 0).all()
    assert (normals[:28, 2] != 0).all() and len(set(np.sign(normals[:28, 2]))) == 1


def test_model_with_teeth(tmp_path):
    model = read_model(write(tmp_path / "model.pkl", pickled(random_model(vertices=5023, expressions=2))))
    toothed = with_teeth(model)
    assert toothed.v_template.shape == (5143, 3) and len(toothed.faces) == len(model.faces) + 168
    assert toothed.faces[-168:].min() == 5023 and toothed.faces.max() == 5142
    np.testing.assert_array_equal(toothed.v_template[:5023], model.v_template)
    weights = np.zeros((120, 5))
    weights[:, 1] = 1
    weights[LOWER] = np.eye(5)[2]
    np.testing.assert_array_equal(toothed.weights[5023:], weights)
    lips = (model.shapedirs[UPPER_RING[3]] + model.shapedirs[LOWER_RING[3]]) / 2
    for strip in range(8):
        np.testing.assert_array_equal(toothed.shapedirs[5023 + 15 * strip + 3], lips)
    assert not toothed.exprdirs[5023:].any() and not toothed.posedirs[:, 5023:].any()
    np.testing.assert_allclose(
        toothed.J_regressor @ toothed.v_template, model.J_regressor @ model.v_template, atol=1e-15
    )


def test_texture_runs_from_right_to_left():
    layout = teeth_texture()
    u, v = layout.uv.reshape(8, 15, 2).transpose(2, 0, 1)
    assert (np.diff(u, axis=1) < 0).all() and (v == v[:, :1]).all()
    np.testing.assert_allclose([v.min(), v.max()], [1 - 0.0425, 1 - 0.0083])
    assert layout.faces.max() == 119


def test_teeth_need_flames_own_mesh(tmp_path):
    model = read_model(write(tmp_path / "model.pkl", pickled(random_model(vertices=60))))
    with pytest.raises(AssetError) as refusal:
        with_teeth(model)
    assert refusal.value.code == "flame.teeth_of_another_mesh"
