"""Our head in smplx's layout: read back by our own reader, and posed by smplx itself where it is installed."""

import numpy as np
import pytest
import torch
from cameo.backend.head.flame.files import read_model
from cameo.backend.head.flame.layer_torch import FlameLayer
from cameo.backend.head.flame.reader import pickled_arrays
from cameo.backend.head.flame.smplx_layout import export_for_smplx, flame_layout
from cameo.backend.head.lbs_torch import TorchRig
from cameo.backend.head.model import load_head_model


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smplx")
    export_for_smplx(load_head_model(), folder)
    return folder


def random_pose(batch=4, seed=2):
    rng = np.random.default_rng(seed)
    draw = {"betas": (300, 1.0), "expression": (100, 0.3), "transl": (3, 0.1)}
    turns = {"global_orient": 0.4, "neck_pose": 0.2, "jaw_pose": 0.2, "leye_pose": 0.2, "reye_pose": 0.2}
    draw |= {name: (3, spread) for name, spread in turns.items()}
    return {name: torch.from_numpy(rng.normal(0, spread, (batch, size))) for name, (size, spread) in draw.items()}


def posed_by_us(values):
    layer = FlameLayer.of_model(flame_layout(load_head_model()), dtype=torch.float64)
    turns = [values[name] for name in ("global_orient", "neck_pose", "jaw_pose", "leye_pose", "reye_pose")]
    return layer.posed(values["betas"], values["expression"], torch.stack(turns, 1), values["transl"])


def test_our_reader_reads_the_export(exported):
    back, model = read_model(exported / "FLAME_NEUTRAL.pkl"), flame_layout(load_head_model())
    for name, wanted in vars(model).items():
        np.testing.assert_array_equal(getattr(back, name), wanted)
    static = pickled_arrays(exported / "flame_static_embedding.pkl")
    assert static["lmk_face_idx"].shape == (51,) and static["lmk_b_coords"].shape == (51, 3)
    dynamic = pickled_arrays(exported / "flame_dynamic_embedding.npy")
    assert dynamic["lmk_face_idx"].shape == (79, 17) and dynamic["lmk_b_coords"].shape == (79, 17, 3)


def test_as_flame_it_moves_as_it_does_as_itself():
    """FLAME's formula with our arrays is our own rig: betas and all five joints.

    Not units: FLAME regresses joints from the face with its expression, our rig from the neutral one.
    """
    ours, values = load_head_model(), random_pose(batch=1)
    betas = ours.shapedirs.shape[2]
    values["betas"][:, betas:], values["expression"][:] = 0, 0
    turns = ("global_orient", "neck_pose", "jaw_pose", "leye_pose", "reye_pose")
    own = TorchRig.of_model(ours, dtype=torch.float64).posed(
        torch.zeros(1, len(ours.unit_names), dtype=torch.float64),
        torch.stack([values[name] for name in turns], 1),
        values["transl"],
        values["betas"][:, :betas],
    )
    np.testing.assert_allclose(posed_by_us(values).vertices.numpy(), own.numpy(), atol=1e-7)


def test_the_contour_follows_the_yaw(exported):
    """Seen from the subject's left, the far (right) side's line lies nearer to the nose than seen from the front."""
    head = load_head_model()
    dynamic = pickled_arrays(exported / "flame_dynamic_embedding.npy")
    corners = head.v_template[head.faces[dynamic["lmk_face_idx"]]]
    points = np.einsum("ykc,ykcx->ykx", dynamic["lmk_b_coords"], corners)
    front, left, right = points[0], points[39], points[78]
    assert np.abs(front[[2, 14], 0]).min() > 0.05
    assert left[2, 2] > front[2, 2] + 0.01 and right[14, 2] > front[14, 2] + 0.01


def test_smplx_poses_it_as_we_do(exported):
    """Opt-in: ``pip install 'cameo[flame]'``; smplx is for non-commercial use only and never a default."""
    smplx = pytest.importorskip("smplx", reason="smplx is not installed (extra 'flame', non-commercial licence)")
    values = random_pose()
    body = smplx.FLAME(
        str(exported), num_betas=300, num_expression_coeffs=100, use_face_contour=True, dtype=torch.float64
    )
    with torch.no_grad():
        theirs = body(**values)
    ours = posed_by_us(values)
    np.testing.assert_allclose(ours.vertices.numpy(), theirs.vertices.numpy(), atol=1e-9)
    np.testing.assert_allclose(ours.joints.numpy(), theirs.joints[:, :5].numpy(), atol=1e-9)
    assert theirs.joints.shape[1] == 5 + 51 + 17
