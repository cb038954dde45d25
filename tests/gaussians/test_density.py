"""Density control on real fits: who may be born, who must stay, and that a resumed run is the same run."""

import dataclasses
import io
import math

import numpy as np
import pytest
import torch
from cameo.backend.artifacts import BoundGaussians, Part
from cameo.backend.config import DensityConfig, GaussianRates, InitialCloudConfig
from cameo.backend.gaussians.binding import place
from cameo.backend.gaussians.binding_torch import posed_triangles
from cameo.backend.gaussians.density import Adaptive, extent_of, make_density, offset_slack
from cameo.backend.gaussians.initialise import initial_gaussians
from cameo.backend.gaussians.losses import offset_penalty, photometric, psnr
from cameo.backend.gaussians.parameters import GaussianParameters
from cameo.backend.gaussians.rasterizer import Cameras, Gaussians, rasterize
from cameo.backend.gaussians.rearrange import spare_one_per_face
from cameo.backend.gaussians.relocation import FixedBudget, relocated
from cameo.backend.head.lbs import pose_vertices
from hypothesis import given
from hypothesis import strategies as st

EXTENT = 0.2  # metres
ALWAYS = {"start": 1, "stop": 10**6, "interval": 1, "reset_interval": 10**6}


@pytest.fixture(scope="module")
def posed(toy):
    return [pose_vertices(toy.mesh, pose) for pose in toy.poses]


@pytest.fixture(scope="module")
def bound(toy, posed):
    return initial_gaussians(toy.mesh, posed, toy.surface, InitialCloudConfig(gaussians=1500))


def twice(bound):
    """Every Gaussian two times, so that every triangle has one to spare."""
    return BoundGaussians(*(np.concatenate([getattr(bound, f.name)] * 2) for f in dataclasses.fields(bound)))


class Fit:
    """A fit in a dozen lines: a random training picture a step, and density control after it."""

    def __init__(self, toy, posed, bound, config, seed=0):
        self.toy, self.posed = toy, posed
        self.gaussians = GaussianParameters(bound)
        self.optimizer = self.make_optimizer()
        self.density = make_density(config, EXTENT)
        self.rng = np.random.default_rng(seed)
        self.count = 0

    def make_optimizer(self):
        return torch.optim.Adam(self.gaussians.groups(GaussianRates()), eps=1e-15, fused=True)

    def render(self, shot, absgrad=False):
        g, toy = self.gaussians, self.toy
        rows = toy.mesh.faces[g.face]
        splats = g.posed(posed_triangles(self.posed[toy.pose_index[shot]], rows, g.rest_edges))
        cameras = Cameras.single(toy.cameras[toy.view_index[shot]])
        return rasterize(splats, cameras, colors=g.color[None], absgrad=absgrad), splats

    def update(self):
        """Everything of a step but the change of the set."""
        shot = self.rng.choice(np.flatnonzero(~self.toy.held_out))
        out, splats = self.render(shot, self.density.absgrad)
        rgba = torch.tensor(self.toy.images[shot]).float() / 255
        loss = photometric(out.image[0, 0], rgba[..., :3].contiguous(), 0.2) + self.density.penalty(self.gaussians)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.density.observe([out], splats)
        self.count += 1

    def change(self):
        return self.density.act(self.count, self.gaussians, self.optimizer, self.rng)

    def step(self):
        self.update()
        return self.change()

    def picture(self, shot=0):
        with torch.no_grad():
            return self.render(shot)[0].image[0, 0]

    def everything(self):
        """Parameters, binding and Adam's moments, by name."""
        moments = {
            f"{group['name']} {key}": value
            for group in self.optimizer.param_groups
            for key, value in self.optimizer.state[group["params"][0]].items()
            if value.ndim
        }
        return {name: value.clone() for name, value in (self.gaussians.state() | moments).items()}

    def state(self):
        return {
            "gaussians": self.gaussians.state(),
            "optimizer": self.optimizer.state_dict(),
            "density": self.density.state(),
            "rng": self.rng.bit_generator.state,
            "count": self.count,
        }

    def load(self, state):
        self.gaussians.load(state["gaussians"])
        self.optimizer = self.make_optimizer()
        self.optimizer.load_state_dict(state["optimizer"])
        self.density.load(state["density"])
        self.rng.bit_generator.state = state["rng"]
        self.count = state["count"]


def fade(fit, rows, opacity=0.003):
    with torch.no_grad():
        fit.gaussians.logit_opacity[torch.as_tensor(rows)] = math.log(opacity / (1 - opacity))


def same_rows(before, after, source):
    """bool [M]: rows that are their source, bit for bit, moments included."""
    same = torch.ones(len(source), dtype=torch.bool)
    for name, value in before.items():
        same &= (after[name] == value[source]).reshape(len(source), -1).all(1)
    return same.numpy()


@pytest.mark.parametrize("absgrad", [False, True])
@pytest.mark.parametrize("dense_size", [0.0, 1.0], ids=["split", "clone"])
def test_children_inherit_the_binding_and_the_others_stay_as_they_are(toy, posed, bound, dense_size, absgrad):
    config = DensityConfig("adaptive", **ALWAYS, gradient=2e-4, dense_size=dense_size, absgrad=absgrad)
    fit = Fit(toy, posed, bound, config)
    for _ in range(3):
        fit.update()
    before = fit.everything()
    source = fit.change()
    after = fit.everything()
    assert len(source) > len(bound.face) + 20
    for name in ("face", "rest_edges", "start", "log_sigma", "rotation", "color"):
        assert torch.equal(after[name], before[name][source]), name
    survivor = same_rows(before, after, source)
    parents, times = np.unique(source, return_counts=True)
    grown = parents[times == 2]
    assert len(grown) == len(source) - len(bound.face)
    assert survivor[~np.isin(source, grown)].all()
    assert survivor[np.isin(source, grown)].sum() == (0 if dense_size == 0 else len(grown))
    for name in after:
        if "exp_avg" in name:
            assert not after[name][~survivor].any(), name


@pytest.mark.parametrize("split", ["sampled", "long_axis"])
def test_split_children_are_as_far_apart_as_their_parent_is_large(toy, posed, bound, split):
    """In metres, in any pose. Upstream adds metres where triangle units belong and the children coincide."""
    fit = Fit(toy, posed, bound, DensityConfig("adaptive", **ALWAYS, gradient=0.0, dense_size=0.0, split=split))
    fit.update()
    parents = fit.gaussians.bound()
    source = fit.change()
    children = fit.gaussians.bound()
    born = np.flatnonzero(np.bincount(source)[source] == 2)
    assert len(born) > 800
    for pose in (0, 2):
        at, _, size = place(parents, posed[pose], toy.mesh.faces)
        to, _, smaller = place(children, posed[pose], toy.mesh.faces)
        away, size, smaller = to[born] - at[source[born]], size[source[born]], smaller[born]
        if split == "sampled":
            assert np.mean((away**2).sum(1) / (size**2).sum(1)) == pytest.approx(1, abs=0.1)
            assert np.allclose(smaller * 1.6, size, rtol=1e-4)
        else:
            variance = (away**2).sum(1) + (smaller**2).sum(1)  # of both children together, traces
            still = np.abs(variance / (size**2).sum(1) - 1) < 0.02
            assert still.mean() > (0.99 if pose == 0 else 0.9)  # a stretch that turns axes, or is clipped, differs


def test_the_count_is_held_and_the_steepest_go_first(toy, posed, bound):
    config = DensityConfig("adaptive", **ALWAYS, gradient=1e-6, most=len(bound.face) + 7)
    fit = Fit(toy, posed, bound, config)
    fit.update()
    seen = fit.density.state()
    slope = (seen["slope"] / seen["views"].clamp_min(1)).numpy()
    source = fit.change()
    parents, times = np.unique(source, return_counts=True)
    assert len(source) == config.most
    assert set(parents[times == 2]) == set(np.argsort(-slope)[:7])
    for _ in range(3):
        fit.step()
        assert len(fit.gaussians) <= config.most


@pytest.mark.parametrize("kind", ["adaptive", "fixed_budget"])
def test_no_triangle_loses_its_last_gaussian(toy, posed, bound, kind):
    count = len(bound.face)
    fit = Fit(toy, posed, twice(bound), DensityConfig(kind, **ALWAYS, gradient=10.0, most=2 * count))
    fit.update()
    fade(fit, np.arange(0, count, 2), 0.002)  # one of two, except that
    fade(fit, np.arange(count, 2 * count, 4), 0.004)  # of some triangles all
    source = fit.change()
    assert set(fit.gaussians.face) == set(bound.face)
    gone = np.setdiff1d(np.arange(2 * count), source)
    assert len(gone) > 0.9 * count / 2


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.booleans()), min_size=1, max_size=30))
def test_the_most_opaque_of_a_dying_triangle_is_spared(rows):
    face, opacity, keep = (np.array(column) for column in zip(*rows, strict=True))
    spared = spare_one_per_face(face, opacity / 10, keep)
    assert set(face[spared]) == set(face)
    assert (spared >= keep).all()
    for k in np.flatnonzero(spared & ~keep):
        mates = face == face[k]
        assert spared[mates].sum() == 1
        assert opacity[k] == opacity[mates].max()


def test_huge_ones_go_after_the_first_reset_only(toy, posed, bound):
    config = DensityConfig("adaptive", **{**ALWAYS, "reset_interval": 2}, gradient=10.0)
    fit = Fit(toy, posed, twice(bound), config)
    count = len(bound.face)
    with torch.no_grad():
        fit.gaussians.log_scale[count:] = math.log(0.15 * EXTENT)
    assert fit.step() is None
    fit.step()
    assert fit.gaussians.logit_opacity.detach().sigmoid().max() < 0.0101
    assert not fit.optimizer.state[fit.gaussians.logit_opacity]["exp_avg"].any()
    fit.update()
    with torch.no_grad():
        fit.gaussians.logit_opacity.fill_(0.0)
    source = fit.change()
    assert set(range(2 * count)) - set(source) <= set(range(count, 2 * count))
    assert len(source) < 1.2 * count  # only what no picture showed, or what is somewhere the last, can be left


def test_screen_gradients_are_3dgs_units_whatever_the_batch(toy, posed, bound):
    """Two views in one call, or in two calls, of a loss that is their mean; each counts as if it stood alone."""
    fit = Fit(toy, posed, bound, DensityConfig("adaptive"))
    splats = fit.render(0)[1]
    alone = []
    for views in ([0], [1], [0, 1]):
        singles = [Cameras.single(toy.cameras[v]) for v in views]
        cam = Cameras(*(torch.cat([getattr(c, n) for c in singles], 1) for n in ("viewmats", "Ks")), 64, 64)
        out = rasterize(splats, cam, colors=fit.gaussians.color[None])
        out.image.square().mean().backward(retain_graph=True)
        density = Adaptive(DensityConfig("adaptive"), EXTENT)
        density.observe([out], splats)
        alone.append(density.state())
    for name in ("slope", "views"):
        assert torch.allclose(alone[0][name] + alone[1][name], alone[2][name], rtol=1e-3, atol=1e-9), name
    first = rasterize(splats, Cameras.single(toy.cameras[0]), colors=fit.gaussians.color[None])
    first.image.square().mean().backward()
    assert torch.allclose(alone[0]["slope"], 32 * first.means2d.grad[0, 0].norm(dim=1))


@pytest.mark.parametrize("copies", [1, 2, 3, 7, 30])
def test_relocation_keeps_what_the_paper_keeps(copies):
    opacity = np.array([0.02, 0.3, 0.9, 0.99])
    each, factor = relocated(opacity, np.full(4, copies))
    assert np.allclose(1 - (1 - each) ** copies, opacity)
    double_sum = sum(
        math.comb(i - 1, k) * (-1) ** k * each ** (k + 1) / math.sqrt(k + 1)
        for i in range(1, copies + 1)
        for k in range(i)
    )
    assert np.allclose(factor, opacity / double_sum)
    # along a line through the centre the copies are as opaque, all in all, as the one was
    x = np.linspace(-8, 8, 4001)
    one = (opacity[:, None] * np.exp(-0.5 * x**2)).sum(1)
    many = (1 - (1 - each[:, None] * np.exp(-0.5 * (x / factor[:, None]) ** 2)) ** copies).sum(1)
    assert np.allclose(many, one, rtol=1e-6)


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_look_like_the_one_they_replace(copies):
    one = [torch.zeros(1, 1, 3), torch.tensor([[[1.0, 0, 0, 0]]]), torch.full((1, 1, 3), 0.02), torch.tensor([[0.95]])]
    each, factor = relocated(np.array([0.95]), np.array([copies]))
    viewmat = torch.eye(4)
    viewmat[2, 3] = 0.6
    cam = Cameras(viewmat[None, None], torch.tensor([[[[90.0, 0, 24], [0, 90, 24], [0, 0, 1]]]]), 48, 48)
    before = rasterize(Gaussians(*one), cam, colors=torch.ones(1, 1, 3)).image[0, 0]
    many = [t.expand(1, copies, *t.shape[2:]).contiguous() for t in one]
    many[2], many[3] = many[2] * float(factor[0]), torch.full((1, copies), float(each[0]))
    after = rasterize(Gaussians(*many), cam, colors=torch.ones(1, copies, 3)).image[0, 0]
    assert psnr(after, before) > 30
    naive = rasterize(Gaussians(*many[:2], one[2].expand(1, copies, 3), one[3].expand(1, copies)), cam,
                      colors=torch.ones(1, copies, 3)).image[0, 0]  # fmt: skip
    assert psnr(after, before) > psnr(naive, before) + 6


def test_a_change_of_the_set_hardly_changes_the_picture(toy, posed, bound):
    for kind, split, least in (
        ("adaptive", "sampled", 28.0),
        ("adaptive", "long_axis", 33.0),
        ("fixed_budget", "sampled", 45.0),
    ):
        config = DensityConfig(kind, **ALWAYS, gradient=2e-4, dense_size=0.0, split=split, most=len(bound.face) + 150)
        fit = Fit(toy, posed, bound, config)
        fit.update()
        if kind == "fixed_budget":
            fade(fit, np.arange(0, len(bound.face), 10))
        before = fit.picture()
        source = fit.change()
        assert (np.bincount(source) > 1).sum() > 50
        assert psnr(fit.picture(), before) > least, (kind, split)


def test_a_fixed_budget_is_fixed_and_the_dead_are_reborn(toy, posed, bound):
    count = len(bound.face)
    fit = Fit(toy, posed, bound, DensityConfig("fixed_budget", **ALWAYS, most=count))
    fit.update()
    assert fit.change() is None
    dead = np.arange(0, count, 7)
    fade(fit, dead)
    spared = np.flatnonzero(spare_one_per_face(bound.face, np.ones(count), ~np.isin(np.arange(count), dead)))
    before = fit.everything()
    source = fit.change()
    after = fit.everything()
    moved = np.flatnonzero(source != np.arange(count))
    assert len(source) == count
    assert set(moved) == set(dead) - set(spared)
    for name in ("face", "rest_edges", "start", "log_sigma"):
        assert torch.equal(after[name], before[name][source]), name
    touched = np.isin(np.arange(count), np.union1d(moved, source[moved]))
    assert not after["local exp_avg"][touched].any()
    assert after["logit_opacity"][moved].sigmoid().min() > 0.05
    quiet = ~touched & ~np.isin(np.arange(count), dead)
    assert same_rows(before, after, source)[quiet].all()


def test_a_budget_is_grown_into_by_a_twentieth_at_a_time(toy, posed, bound):
    count = len(bound.face)
    fit = Fit(toy, posed, bound, DensityConfig("fixed_budget", **ALWAYS, most=count + 100))
    counts = []
    for _ in range(3):
        fit.step()
        counts.append(len(fit.gaussians))
    assert counts == [int(1.05 * count), count + 100, count + 100]


def test_only_those_about_to_die_drift_and_in_their_own_shape(toy, posed, bound):
    fit = Fit(toy, posed, bound, DensityConfig("fixed_budget", start=10**6, noise=1e5))
    faint = np.arange(0, len(bound.face), 2)
    fade(fit, faint)
    before = fit.gaussians.local.detach().clone()
    assert fit.change() is None
    moved = (fit.gaussians.local - before).detach().numpy().astype(np.float64)
    assert not moved[1::2].any()
    gate = 1 / (1 + math.exp(-100 * (0.005 - 0.003)))
    wanted = 1e5 * GaussianRates().local * gate * (bound.scale[faint].astype(np.float64) / EXTENT) ** 2
    assert np.mean((moved[faint] ** 2).sum(1)) == pytest.approx(np.mean((wanted**2).sum(1)), rel=0.15)


def test_a_fixed_budget_asks_needless_ones_to_fade_and_shrink(bound):
    gaussians = GaussianParameters(bound)
    penalty = FixedBudget(DensityConfig("fixed_budget"), EXTENT).penalty(gaussians)
    assert float(penalty.detach()) == pytest.approx(0.01 * bound.opacity.mean() + 0.01 * bound.scale.mean() / EXTENT)
    penalty.backward()
    assert (gaussians.logit_opacity.grad > 0).all()
    assert (gaussians.log_scale.grad > 0).all()


@pytest.mark.parametrize("kind", ["adaptive", "fixed_budget"])
def test_a_resumed_run_is_the_same_run(toy, posed, bound, kind):
    config = DensityConfig(kind, start=2, stop=100, interval=3, reset_interval=7, gradient=1e-4, most=1800)
    straight, first = (Fit(toy, posed, bound, config) for _ in range(2))
    for _ in range(10):
        straight.step()
    for _ in range(5):
        first.step()
    file = io.BytesIO()
    torch.save(first.state(), file)
    file.seek(0)
    resumed = Fit(toy, posed, bound, config, seed=5)
    resumed.load(torch.load(file, weights_only=True))
    assert len(resumed.gaussians) > len(bound.face)
    for _ in range(5):
        resumed.step()
    want, got = straight.everything(), resumed.everything()
    assert want.keys() == got.keys()
    assert all(torch.equal(want[name], got[name]) for name in want)


def test_hair_may_stand_off(toy, bound):
    slack = torch.from_numpy(offset_slack(toy.mesh.part, bound.face, 3.0))
    hair = toy.mesh.part[bound.face] == Part.HAIR
    assert 0 < hair.sum() < len(hair)
    assert set(slack[hair].tolist()) == {3.0}
    assert set(slack[~hair].tolist()) == {1.0}
    moved = torch.zeros(len(hair), 3)
    moved[:, 0] = 2.0  # two widths: too far for skin, not for hair
    assert offset_penalty(moved / slack[:, None]).item() == pytest.approx((~hair).mean(), rel=1e-4)


def test_the_extent_is_the_heads(toy):
    assert 0.1 < extent_of(toy.mesh.vertices) < 0.35
    assert extent_of(2 * toy.mesh.vertices) == pytest.approx(2 * extent_of(toy.mesh.vertices))


def test_none_is_none():
    assert make_density(DensityConfig(), EXTENT) is None
