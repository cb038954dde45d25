"""The CPU rasterizer against the dense definition, and where rasterizers usually break."""

import numba
import numpy as np
import pytest
import torch
from cameo.backend.artifacts import orbit_camera
from cameo.backend.gaussians.rasterizer import Cameras, Gaussians, rasterize

NAMES = ("means", "quats", "scales", "opacities", "colors")


def scene(count, seed=0, channels=3, spread=0.09, size=0.012, dtype=torch.float64):
    """A noisy ball of flat splats round the origin."""
    g = torch.Generator().manual_seed(seed)
    means = torch.nn.functional.normalize(torch.randn(count, 3, generator=g, dtype=torch.float64), dim=-1) * spread
    quats = torch.randn(count, 4, generator=g, dtype=torch.float64)
    scales = size * torch.exp(0.5 * torch.randn(count, 3, generator=g, dtype=torch.float64))
    opacities = torch.rand(count, generator=g, dtype=torch.float64)
    colors = torch.rand(count, channels, generator=g, dtype=torch.float64)
    return [t.to(dtype).requires_grad_() for t in (means, quats, scales, opacities, colors)]


def cameras(size=48, width=None, count=1, distance=0.6, dtype=torch.float64):
    found = [orbit_camera(40 * k, 10, distance=distance, fov_deg=22, size=size) for k in range(count)]
    viewmats = torch.stack([torch.tensor(c.viewmat) for c in found])[None]
    Ks = torch.stack([torch.tensor(c.K) for c in found])[None]
    return Cameras(viewmats.to(dtype), Ks.to(dtype), width or size, size)


def render(inputs, cam, backend, **kwargs):
    g = Gaussians(*(t[None] for t in inputs[:4]))
    return rasterize(g, cam, colors=inputs[4][None], backend=backend, **kwargs)


def random_loss(out, seed=0):
    g = torch.Generator().manual_seed(seed)
    total = torch.zeros((), dtype=out.image.dtype)
    for picture in (out.image, out.alpha, out.depth):
        if picture is not None:
            weight = torch.randn(picture.shape, generator=g, dtype=torch.float64)
            total = total + (picture * weight.to(picture.dtype)).sum()
    return total


def off(want, got):
    """Relative L2 distance."""
    return float(torch.linalg.norm(want - got) / torch.linalg.norm(want))


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 7, 11])
@pytest.mark.parametrize(("antialias", "depth"), [(False, False), (True, True)])
def test_image_and_gradients_match_the_definition(channels, antialias, depth):
    options = {"antialias": antialias, "depth": depth, "background": torch.linspace(0, 1, channels), "absgrad": True}
    dense, fast = scene(250, channels=channels), scene(250, channels=channels, dtype=torch.float32)
    want = render(dense, cameras(width=40), "reference", **options)
    got = render(fast, cameras(width=40, dtype=torch.float32), "cpu", **options)
    assert (want.image - got.image).abs().max() < 2e-4  # a splat at the 1/255 threshold may fall on either side
    assert torch.linalg.norm(want.image - got.image) < 2e-5 * torch.linalg.norm(want.image)
    random_loss(want).backward()
    random_loss(got).backward()
    for name, a, b in zip(NAMES, dense, fast, strict=True):
        assert torch.linalg.norm(a.grad - b.grad) <= 2e-4 * torch.linalg.norm(a.grad), name
    assert off(want.means2d.grad, got.means2d.grad) < 2e-4
    assert off(want.means2d.absgrad, got.means2d.absgrad) < 2e-4
    assert (got.means2d.absgrad >= got.means2d.grad.abs() * (1 - 1e-5)).all()


def test_the_screen_gradient_says_where_a_splat_should_go():
    """A splat beside its target: a small step against the gradient brings the picture nearer, as much as it says."""
    cam = cameras(32, dtype=torch.float32)
    inputs = [t[:1] for t in scene(1, size=0.03, dtype=torch.float32)]
    target = render([inputs[0] + torch.tensor([0.01, 0, 0]), *inputs[1:]], cam, "cpu").image.detach()
    out = render(inputs, cam, "cpu")
    loss = (out.image - target).square().sum()
    loss.backward()
    along = out.means2d.grad[0, 0, 0]
    R, f = cam.viewmats[0, 0, :3, :3], cam.Ks[0, 0, 0, 0]
    depth = (R @ inputs[0][0] + cam.viewmats[0, 0, :3, 3])[2].detach()
    pixel = -0.05 * along / along.norm()  # a twentieth of a pixel downhill
    step = R.T @ torch.cat([pixel * depth / f, torch.zeros(1)])
    moved = render([(inputs[0] + step).detach(), *inputs[1:]], cam, "cpu")
    gain = (loss - (moved.image - target).square().sum()).detach()
    assert gain.item() == pytest.approx(0.05 * along.norm().item(), rel=0.1)


def test_absolute_gradients_do_not_cancel():
    """A splat whose halves pull apart has no gradient, which is why AbsGS looks at the absolute one."""
    cam = cameras(32, dtype=torch.float32)
    inputs = [torch.zeros(1, 3), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), 0.03), torch.tensor([0.8])]
    inputs = [t.requires_grad_() for t in (*inputs, torch.ones(1, 3))]
    out = render(inputs, cam, "cpu", absgrad=True)
    columns = (torch.arange(32) + 0.5 - float(out.means2d[0, 0, 0, 0])).abs()
    (out.image * columns[:, None]).sum().backward()
    assert out.means2d.grad[..., 0].abs().max() < 1e-3 * out.means2d.absgrad[..., 0].max()


def test_nobody_pays_for_absolute_gradients_unasked():
    out = render(scene(20, dtype=torch.float32), cameras(32, dtype=torch.float32), "cpu")
    assert out.means2d.absgrad is None
    with torch.no_grad():
        assert render(scene(20, dtype=torch.float32), cameras(32, dtype=torch.float32), "cpu").means2d.grad is None


def test_many_layers_end_at_the_transmittance_limit():
    dense, fast = scene(1200, size=0.02), scene(1200, size=0.02, dtype=torch.float32)
    want = render(dense, cameras(32), "reference")
    got = render(fast, cameras(32, dtype=torch.float32), "cpu")
    assert want.alpha.max() > 0.998
    assert (want.image - got.image).abs().max() < 1e-3
    random_loss(want).backward()
    random_loss(got).backward()
    for name, a, b in zip(NAMES, dense, fast, strict=True):
        assert torch.linalg.norm(a.grad - b.grad) <= 1e-3 * torch.linalg.norm(a.grad), name


def test_bitwise_equal_over_thread_counts_and_runs():
    results = []
    before = numba.get_num_threads()
    for threads in (1, 2, 2):
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        inputs = scene(3000, dtype=torch.float32)
        out = render(inputs, cameras(96, dtype=torch.float32), "cpu", depth=True, absgrad=True)
        random_loss(out).backward()
        screen = out.means2d.grad, out.means2d.absgrad
        results.append([out.image.detach(), out.depth.detach(), *screen, *(t.grad for t in inputs)])
    numba.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_batches_of_scenes_and_cameras_equal_single_calls():
    first, second = scene(200, 1, dtype=torch.float32), scene(200, 2, dtype=torch.float32)
    cam = cameras(40, count=3, dtype=torch.float32)
    both = Cameras(cam.viewmats.expand(2, -1, -1, -1), cam.Ks.expand(2, -1, -1, -1), 40, 40)
    g = Gaussians(*(torch.stack([a, b]) for a, b in zip(first[:4], second[:4], strict=True)))
    per_camera = torch.stack([torch.stack([first[4] * k for k in (1, 2, 3)]), torch.stack([second[4]] * 3)])
    out = rasterize(g, both, colors=per_camera, absgrad=True)
    assert out.image.shape == (2, 3, 40, 40, 3)
    single = Cameras(cam.viewmats[:, 2:], cam.Ks[:, 2:], 40, 40)
    own = render([*first[:4], first[4] * 3], single, "cpu", absgrad=True)
    assert torch.equal(out.image[0, 2], own.image[0, 0])
    assert torch.equal(out.alpha[1, 2], render(second, single, "cpu").alpha[0, 0])
    out.image.square().sum().backward()
    own.image.square().sum().backward()
    assert torch.equal(out.means2d.grad[0, 2], own.means2d.grad[0, 0])
    assert torch.equal(out.means2d.absgrad[0, 2], own.means2d.absgrad[0, 0])


def broken(case, inputs):
    means, quats, scales, opacities, _ = (t.data for t in inputs)
    if case == "zero quaternion":
        quats[::2] = 0
    elif case == "zero scale":
        scales[::2] = 0
    elif case == "needle":
        scales[:, 0] = 5.0
        scales[:, 1:] = 1e-9
    elif case == "nan":
        means[0, 0] = float("nan")
        quats[1, 2] = float("nan")
        scales[2, 1] = float("inf")
        opacities[3] = float("nan")
    elif case == "transparent":
        opacities[:] = 0
    elif case == "behind":
        means[:, 2] += 100
    elif case == "opaque":
        opacities[:] = 1


CASES = ["zero quaternion", "zero scale", "needle", "nan", "transparent", "behind", "opaque"]


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_broken_splats_never_give_nan(case, antialias):
    inputs = scene(200, dtype=torch.float32)
    broken(case, inputs)
    out = render(inputs, cameras(40, dtype=torch.float32), "cpu", depth=True, antialias=antialias, absgrad=True)
    random_loss(out).backward()
    assert torch.isfinite(out.image).all()
    assert all(torch.isfinite(t.grad).all() for t in inputs)
    assert torch.isfinite(out.means2d.grad).all()
    assert torch.isfinite(out.means2d.absgrad).all()
    if case in ("transparent", "behind"):
        assert out.alpha.abs().max() == 0
        assert out.means2d.absgrad.max() == 0
        assert int(out.radii.max()) == 0


def test_camera_inside_the_cloud():
    inputs = scene(500, dtype=torch.float32)
    out = render(inputs, cameras(40, distance=0.05, dtype=torch.float32), "cpu", depth=True)
    random_loss(out).backward()
    assert out.alpha.mean() > 0.1
    assert torch.isfinite(out.image).all()
    assert all(torch.isfinite(t.grad).all() for t in inputs)


def test_no_gaussians_at_all():
    inputs = scene(0, dtype=torch.float32)
    background = torch.tensor([0.1, 0.2, 0.3])
    out = render(inputs, cameras(20, dtype=torch.float32), "cpu", background=background, absgrad=True)
    random_loss(out).backward()
    assert out.means2d.grad.shape == out.means2d.absgrad.shape == (1, 1, 0, 2)
    assert np.allclose(out.image.detach()[0, 0, 3, 4], [0.1, 0.2, 0.3])


def test_shapes_that_do_not_fit_are_named():
    inputs = scene(5, dtype=torch.float32)
    inputs[2] = inputs[2][:, :2]
    with pytest.raises(ValueError, match=r"scales has shape \(1, 5, 2\)"):
        render(inputs, cameras(20, dtype=torch.float32), "cpu")
