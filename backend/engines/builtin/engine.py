"""From one portrait to pictures of a whole head from everywhere, without generative weights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ...artifacts import AvatarMesh, HeadParameters, PersonalizedSet, Portrait, SurfaceCloud, orbit_camera
from ...config import BuiltinConfig
from ...gaussians.surface_cloud import join_clouds
from ...head.controls import controls_from_parameters
from ...head.fit_result import HeadFit
from ...head.fitting import fit_head
from ...head.flame.head_model import head_model_at
from ...head.lbs import joint_transforms, pose_vertices
from ...head.model import HairShell as HairMesh
from ...head.model import HeadModel, make_avatar_mesh
from ...head.outline import follow_outline
from ...progress import Reporter
from ...stage import Stage, StageContext
from .dense import DenseHead, build_dense_head
from .hair_proxy import HairProxy, hair_proxy
from .hair_shell import BareHead, HairShell, build_hair
from .hidden_ears import hidden_ears, laid_flat
from .painted_head import PaintedHead, Picture, bust_opacity
from .photo_view import photo_rgba
from .readability import readable_units, same_photo, strengthened
from .segmentation import Segmentation, segment_portrait
from .skin import paint_head
from .surface import hair_elements, skin_elements
from .views import PHOTO_POSE, Plan, plan_views

NECK = 1


@dataclass
class _Steps:
    """Times each step and tells the reporter where the engine is."""

    reporter: Reporter
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, fraction: float) -> Iterator[None]:
        self.reporter.progress(fraction, name)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)


@dataclass(frozen=True)
class Person:
    """Everything known about one person before pictures are made.

    Attributes:
        neutral, photographed: float64 [N,3], dense vertices without expression and as on the photo; skin under the
            hair is pushed below it in both.
        push: float64 [N,3], that displacement.
        coverage: float32 [N], how much hair lies over each vertex.
        shell, proxy: None for a bald head.
    """

    model: HeadModel
    fit: HeadFit
    dense: DenseHead
    segmentation: Segmentation
    neutral: np.ndarray
    photographed: np.ndarray
    push: np.ndarray
    coverage: np.ndarray
    shell: HairShell | None
    proxy: HairProxy | None


class BuiltinEngine:
    """The engine that needs no download beyond the small perception networks."""

    name = "builtin"

    def stages(self, config: BuiltinConfig) -> tuple[Stage, ...]:
        """One: all of it takes less than a minute."""

        def run(context: StageContext) -> PersonalizedSet:
            return self.personalize(context.artifacts["portrait"], config, context.reporter)

        return (Stage("engine", 1.0, PersonalizedSet, (self.name, config), run),)

    def personalize(self, portrait: Portrait, config: BuiltinConfig, reporter: Reporter) -> PersonalizedSet:
        """Fit, cut out, grow hair, paint, and photograph the result.

        Raises:
            StageError: the head could not be fitted.
            JobCancelled: the artist cancelled.
        """
        steps = _Steps(reporter)
        model = head_model_at(config.head_model_path)
        with steps.step("fitting the head", 0.02):
            fit = fit_head(portrait, model)
        with steps.step("dividing the surface", 0.22):
            dense = build_dense_head(model, config.subdivisions)
        with steps.step("finding hair and skin", 0.27):
            segmentation = segment_portrait(portrait, config)
            fit = follow_outline(fit, model, *_outlines(portrait, segmentation))
            hidden = hidden_ears(fit, model, segmentation.hair_mask)
            fit = laid_flat(fit, model, hidden)
        with steps.step("growing hair", 0.3):
            person = _dress(portrait, model, fit, dense, segmentation, hidden, config)
        with steps.step("painting the skin", 0.4):
            painted, importance = _paint(portrait, person)
        mesh = _avatar_mesh(person, painted)
        with steps.step("checking the expressions", 0.5):
            gains = readable_units(mesh, lambda shape, pose: _front(person, painted, shape, pose, config))
            mesh, fit = strengthened(mesh, gains), same_photo(fit, mesh, gains)
        plan = plan_views(fit, mesh, config)
        with steps.step("photographing the head", 0.55):
            images = _photograph(person, painted, mesh, plan, portrait, config, reporter)
        with steps.step("collecting the surface", 0.95):
            surface = _surface(person, painted, importance, mesh)
        reporter.progress(1.0, "done")
        return PersonalizedSet(
            mesh=mesh,
            cameras=plan.cameras,
            poses=plan.poses,
            images=images,
            view_index=np.array([s.view for s in plan.shots], np.int32),
            pose_index=np.array([s.pose for s in plan.shots], np.int32),
            held_out=np.array([s.held_out for s in plan.shots]),
            reference_view=plan.reference_view,
            surface=surface,
            provenance={
                **_provenance(person, plan, config, steps.seconds),
                "strengthened_units": gains,
                "photo_controls": controls_from_parameters(mesh, fit.parameters),
            },
        )


def _outlines(portrait: Portrait, segmentation: Segmentation) -> tuple[np.ndarray, np.ndarray]:
    """Person and bare skin, bool [S,S] each. On a bald head stubble is skin, too."""
    person = (portrait.matte > 0.5) & (portrait.inside > 0.5)
    if segmentation.bald:
        return person, segmentation.skin + segmentation.hair > 0.5
    return person, (segmentation.skin > 0.5) & ~segmentation.hair_mask


def _dress(
    portrait: Portrait,
    model: HeadModel,
    fit: HeadFit,
    dense: DenseHead,
    segmentation: Segmentation,
    hidden: tuple[bool, bool],
    config: BuiltinConfig,
) -> Person:
    """Grow hair on the fitted head and push the skin below it.

    Args:
        hidden: whether hair covers the (left, right) ear.
    """
    neutral = np.asarray(dense.operator @ fit.neutral_vertices)
    photographed = np.asarray(dense.operator @ fit.posed_vertices)
    if segmentation.bald:
        nothing = np.zeros_like(neutral)
        bare = np.zeros(len(neutral), np.float32)
        return Person(model, fit, dense, segmentation, neutral, photographed, nothing, bare, None, None)
    masks = model.masks
    skin = dense.mask(masks["skin"], 0.99) & ~dense.mask(masks["inner_mouth"], 0.6)
    ears = dense.mask(masks["ears"], 0.3) & skin
    side = [ears & (neutral[:, 0] * sign > 0) for sign in (1, -1)]
    head = BareHead(
        skin=neutral[skin & ~ears],
        scalp=np.asarray(dense.operator @ masks["scalp"].astype(np.float64))[skin & ~ears],
        ears=(neutral[side[0]], neutral[side[1]]),
        hidden_ears=hidden,
    )
    shell = build_hair(portrait, segmentation, fit.camera, head, cell=config.atlas_cell, seed=config.seed)
    covered = skin.copy()
    for under_hair, ear in zip(hidden, side):
        covered &= under_hair | ~ear
    push = np.zeros_like(neutral)
    push[covered] = shell.push_under(neutral[covered]) - neutral[covered]
    coverage = np.where(covered, shell.coverage(neutral), 0).astype(np.float32)
    proxy = hair_proxy(shell)
    return Person(model, fit, dense, segmentation, neutral + push, photographed + push, push, coverage, shell, proxy)


def _paint(portrait: Portrait, person: Person) -> tuple[PaintedHead, np.ndarray]:
    """Colours of the dense head and the importance of its vertices; skin under hair takes the hair's colour."""
    skin = paint_head(
        portrait,
        person.fit,
        person.model,
        person.dense,
        person.segmentation,
        person.shell,
        neutral=person.neutral,
        photographed=person.photographed,
    )
    colors = skin.colors
    if person.shell is not None:
        row, column, _ = person.shell.atlas.locate(person.neutral)
        hair = person.shell.atlas.sample(person.shell.color, row, column)
        colors = colors + (hair - colors) * person.coverage[:, None]
    opacity = bust_opacity(person.neutral)
    painted = PaintedHead(person.dense.faces, colors.astype(np.float32), opacity, person.shell)
    return painted, skin.importance


def _avatar_mesh(person: Person, painted: PaintedHead) -> AvatarMesh:
    """The rigged mesh: the person's neutral head and the coarse hair."""
    hair = person.proxy and HairMesh(person.proxy.vertices, person.proxy.faces, person.proxy.colors)
    colors = painted.colors[: len(person.model.v_template)]
    return make_avatar_mesh(
        person.model, person.fit.neutral_vertices, colors, joints=person.fit.joints, hair_shell=hair
    )


def _front(
    person: Person, painted: PaintedHead, mesh: AvatarMesh, pose: HeadParameters, config: BuiltinConfig
) -> np.ndarray:
    """The head from the front in a pose, uint8 [S,S,3]."""
    camera = orbit_camera(0.0, distance=1.3, fov_deg=17.5, size=config.view_size)
    vertices, motion = _posed(person, mesh, pose)
    return _on_grey(255.0 * painted.render(vertices, camera, 1, motion).rgba)


def _posed(person: Person, mesh: AvatarMesh, pose: HeadParameters) -> tuple[np.ndarray, np.ndarray]:
    """Dense vertices [N,3] in a pose and the motion [4,4] of the hair."""
    base = pose_vertices(mesh, pose)[: len(person.model.v_template)]
    world, shift, _ = joint_transforms(mesh.joints.astype(np.float64), pose.pose)
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = world[NECK], shift[NECK] + pose.translation
    return np.asarray(person.dense.operator @ base) + person.push @ world[NECK].T, motion


def _photograph(
    person: Person,
    painted: PaintedHead,
    mesh: AvatarMesh,
    plan: Plan,
    portrait: Portrait,
    config: BuiltinConfig,
    reporter: Reporter,
) -> np.ndarray:
    """Render every shot, uint8 [M,S,S,4] premultiplied."""
    size = config.view_size
    images = np.zeros((len(plan.shots), size, size, 4), np.uint8)
    posed = {s.pose: _posed(person, mesh, plan.poses[s.pose]) for s in plan.shots}

    def shoot(index: int) -> None:
        shot = plan.shots[index]
        vertices, motion = posed[shot.pose]
        camera = plan.cameras[shot.view]
        picture = painted.render(vertices, camera, config.supersample, motion)
        rgba = picture.rgba
        if shot.pose == PHOTO_POSE:
            rgba = _with_photo(person, painted, picture, portrait, config)
        images[index] = (np.clip(rgba, 0, 1) * 255 + 0.5).astype(np.uint8)

    with ThreadPoolExecutor(2) as pool:
        for done, _ in enumerate(pool.map(shoot, range(len(plan.shots)))):
            reporter.progress(0.55 + 0.4 * done / len(plan.shots), "photographing the head")
            if done % 6 == 0:
                reporter.preview(_on_grey(images[done]))
    return images


def _with_photo(
    person: Person, painted: PaintedHead, picture: Picture, portrait: Portrait, config: BuiltinConfig
) -> np.ndarray:
    return photo_rgba(
        picture,
        painted.faces,
        person.photographed,
        portrait,
        person.segmentation,
        person.fit.camera,
        config.supersample,
    )


def _on_grey(rgba: np.ndarray) -> np.ndarray:
    return np.clip(rgba[..., :3] + 0.25 * (255.0 - rgba[..., 3:]), 0, 255).astype(np.uint8)


def _surface(person: Person, painted: PaintedHead, importance: np.ndarray, mesh: AvatarMesh) -> SurfaceCloud:
    skin = skin_elements(
        person.dense, person.neutral, painted.colors, importance, person.coverage, painted.opacity, mesh
    )
    if person.shell is None or person.proxy is None:
        return skin
    return join_clouds(skin, hair_elements(person.shell, person.proxy, mesh, len(person.model.faces)))


def _provenance(person: Person, plan: Plan, config: BuiltinConfig, seconds: dict[str, float]) -> dict[str, object]:
    fit, segmentation = person.fit, person.segmentation
    return {
        "engine": BuiltinEngine.name,
        "seconds": seconds,
        "frames": [s.what for s in plan.shots],
        "hair": "bald" if segmentation.bald else "hat" if segmentation.hat else "hair",
        "hidden_ears": list(person.shell.hidden_ears) if person.shell else [False, False],
        "landmark_error_percent": [fit.linear_error, fit.landmark_error],
        "angles_deg": list(fit.angles_deg),
        "topology": person.model.topology_id,
        "seed": config.seed,
    }
