"""Identity, expressions, places and focal length from the landmarks of one head in any number of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from ..config import FitConfig
from ..errors import StageError
from . import face_regions as regions
from .contour_rig import ContourRig
from .fit_outline import OutlineFinder
from .fit_priors import Expectation, expectation, fitted_units
from .fit_sight import Sight, SightTerm
from .fit_solver import FitProblem, Place, Solution
from .fit_start import place_in_picture, place_in_world, seen
from .fit_state import LEFT_EYE, RIGHT_EYE, Moment, Person, pose_of
from .fit_surface import surface_terms
from .landmark_rig import LandmarkRig
from .model import HeadModel, LandmarkEmbedding


@dataclass(frozen=True)
class LandmarkFit:
    """What the landmarks told.

    Attributes:
        person, moments: the unknowns; ``moments`` in the order of the sights' indices.
        errors: for each sight, in their order, float64 [K] landmark distances, per cent of the distance of the eyes;
            of a jaw line's points, little of what runs along it.
    """

    person: Person
    moments: tuple[Moment, ...]
    errors: tuple[np.ndarray, ...]


def fit_landmarks(
    sights: Sequence[Sight],
    model: HeadModel,
    embedding: LandmarkEmbedding | None = None,
    config: FitConfig | None = None,
    *,
    calibrated: bool,
    still: bool = False,
) -> LandmarkFit:
    """Fit ``model`` to all ``sights`` at once.

    Args:
        embedding: where the sights' landmarks lie on the model; its 478 when not given. Those of a jaw line
            (``embedding.contour``) are chosen anew for each picture while its head turns.
        calibrated: whether the cameras are known. If not, all have one focal length, which is fitted.
        still: whether the head stays where it is in the world through all moments.

    Raises:
        StageError: ``fit.failed`` when landmarks do not look like a face.
    """
    config, embedding = config or FitConfig(), embedding or model.landmarks478
    betas, units = min(config.betas, model.shapedirs.shape[2]), fitted_units(model)
    rig = LandmarkRig(model, betas, embedding=embedding, units=units)
    contour = ContourRig(model, embedding, betas, units) if embedding.contour else None
    weights = landmark_weights(model, embedding, config)
    return SightFitter(rig, weights, model, config, calibrated, contour, still).fit(sights)


class SightFitter:
    """Turns sights into a problem for the solver; with a rig ``of_person`` the identity stays.

    Args:
        weights: float [K].
        contour: chooses the first landmarks, if they move over the skin with the view.
        still: whether the head has one place in the world for all moments.
    """

    def __init__(
        self,
        rig: LandmarkRig,
        weights: np.ndarray,
        model: HeadModel,
        config: FitConfig,
        calibrated: bool,
        contour: ContourRig | None = None,
        still: bool = False,
    ) -> None:
        self.rig, self.weights, self.model, self.config, self.calibrated = rig, weights, model, config, calibrated
        self.contour, self.still = contour, still

    def fit(
        self, sights: Sequence[Sight], person: Person | None = None, moments: Sequence[Moment] | None = None
    ) -> LandmarkFit:
        """Fit everything; where the rig has no identity left, ``person`` says scale and focal length.

        Args:
            person, moments: where to start, if known; a known person's head that is still keeps the moments' place.
        """
        by_moment = _grouped(sights)
        expectations = [expectation(self.model, _scores(group), self.config) for group in by_moment]
        if person is not None and moments is not None:
            found = Solution(person, tuple(moments), np.inf)
        else:
            found = self._start(by_moment, expectations, person)
        place: Place = "own"
        if self.still:
            place = "known" if moments is not None and not self.rig.betas else "shared"
        problem = self._problem(by_moment, expectations, found, place)
        found = problem.solve(found)
        for outlined in self._rounds(by_moment):
            problem = self._problem(by_moment, expectations, found, place, outlined=outlined)
            found = problem.solve(found, settled=self.contour is None)
        errors = {
            id(sight): np.linalg.norm(error, axis=1)
            for group, rows in zip(by_moment, problem.errors(found))
            for sight, error in zip(group, rows)  # terms of outlines stand behind those of the sights
        }
        return LandmarkFit(found.person, found.moments, tuple(errors[id(sight)] for sight in sights))

    def second_derivative(self, sights: Sequence[Sight], fit: LandmarkFit) -> np.ndarray:
        """Half the second derivative [6+F+7,6+F+7] of a one-moment fit's energy by its moment."""
        prior = expectation(self.model, _scores(sights), self.config)
        start = Solution(fit.person, fit.moments, np.inf)
        problem = self._problem([sights], [prior], start, "own")
        return problem.normal(fit.person, fit.moments, self.config.last_doubt).moments[0][1]

    def _rounds(self, by_moment: Sequence[Sequence[Sight]]) -> list[bool]:
        """What is chosen anew after the first fit, one entry a round: the jaw line, and (true) outlines, too."""
        outlined = self.calibrated and any(
            sight.outline is not None or sight.surface is not None for group in by_moment for sight in group
        )
        jaw_line = self.config.contour_rounds if self.contour else 0
        outlines = self.config.outline_rounds if outlined else 0
        return [index < outlines for index in reversed(range(max(jaw_line, outlines)))]

    def _problem(
        self,
        by_moment: Sequence[Sequence[Sight]],
        expectations: Sequence[Expectation],
        start: Solution,
        place: Place,
        outlined: bool = False,
    ) -> FitProblem:
        """The problem whose errors are measured in the eye distance of ``start``."""
        terms = [
            [self._term(sight, start.person, moment) for sight in group]
            for group, moment in zip(by_moment, start.moments)
        ]
        several, known = any(len(group) > 1 for group in by_moment), not self.rig.betas
        if outlined:
            terms = self._with_outlines(by_moment, terms, start)
        return FitProblem(
            self.rig.betas,
            terms,
            expectations,
            self.config,
            scale_free=self.calibrated and several and not known,
            focal_free=not self.calibrated and not known,
            place=place,
        )

    def _with_outlines(
        self, by_moment: Sequence[Sequence[Sight]], terms: Sequence[Sequence[SightTerm]], start: Solution
    ) -> list[list[SightTerm]]:
        """The terms of every moment, and behind them those of its outlines and of its surface."""
        finder = OutlineFinder(self.model, start.person, self.config)
        both = []
        for group, of_moment, moment in zip(by_moment, terms, start.moments):
            vertices = finder.vertices(moment)
            asked = [finder.term(s, vertices, moment, t, self.rig.betas) for s, t in zip(group, of_moment)]
            both.append([*of_moment, *(term for term in asked if term is not None)])
            for sight, term in zip(group, of_moment):
                if sight.surface is not None:
                    both[-1] += surface_terms(
                        sight.surface, vertices, start.person, moment, term, self.model, self.config, self.rig.betas
                    )
        return both

    def _start(
        self, by_moment: Sequence[Sequence[Sight]], expectations: Sequence[Expectation], known: Person | None
    ) -> Solution:
        """Every head where its landmarks say, with the expected expression."""
        nobody = np.zeros(self.rig.betas)
        steady = slice(self.contour.moving if self.contour else 0, None)  # the contour needs a view to be chosen for
        by_moment = [[replace(s, points=np.asarray(s.points)[steady]) for s in group] for group in by_moment]
        heads = [self.rig.positions(nobody, prior.units, pose_of(prior.angles))[steady] for prior in expectations]
        placed = {
            index: place_in_world(head, group)
            for index, (head, group) in enumerate(zip(heads, by_moment))
            if self.calibrated and len(group) > 1
        }
        scale = float(np.median([place[2] for place in placed.values()])) if placed else 1.0
        person = known or Person(nobody, float(np.log(scale)))
        moments = []
        for index, (head, group, prior) in enumerate(zip(heads, by_moment, expectations)):
            if index in placed:
                rotation, translation, _ = placed[index]
            else:
                rotation, translation = _in_world(*place_in_picture(head, group[0]), group[0], person)
            moments.append(Moment(rotation, translation, prior.units.copy(), prior.angles.copy()))
        return Solution(person, tuple(_in_one_place(moments) if self.still else moments), np.inf)

    def _term(self, sight: Sight, person: Person, moment: Moment) -> SightTerm:
        camera, found = sight.camera, seen(np.asarray(sight.points))
        focal = np.array([camera.K[0, 0], camera.K[1, 1]])
        rotation, translation = camera.viewmat[:3, :3], camera.viewmat[:3, 3]
        joints = self.rig.joints_base
        apart = np.linalg.norm(joints[LEFT_EYE] - joints[RIGHT_EYE]) * np.exp(person.log_scale)
        depth = float((rotation @ moment.translation + translation)[2])
        term = SightTerm(
            rig=self.contour.seen_by(camera, person, moment) if self.contour else self.rig,
            points=np.where(found[:, None], sight.points, 0).astype(np.float64),
            weights=self.weights * found,
            rotation=rotation,
            translation=translation,
            focal=focal,
            center=camera.K[:2, 2],
            per_pixel=100 * depth / float(focal.mean() * np.exp(person.log_focal) * apart),
        )
        if self.contour is None:
            return term
        line = term.pixels(person, moment)[: self.contour.moving]
        return replace(term, measure=_across(line, len(term.points), self.config.along_contour))


def _across(line: np.ndarray, count: int, along: float) -> np.ndarray:
    """[count,2,2], what keeps only ``along`` of errors along a ``line`` [n,2] of the first points; others stay."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    measure = np.tile(np.eye(2), (count, 1, 1))
    measure[: len(line)] -= (1 - along) * tangent[:, :, None] * tangent[:, None]
    return measure


def landmark_weights(model: HeadModel, embedding: LandmarkEmbedding, config: FitConfig) -> np.ndarray:
    """What each landmark counts [K]: features more than the outline, steady ones more than those that wander."""
    weight = np.ones(len(embedding.face))
    if len(weight) == len(model.landmarks478.face):
        weight[list(regions.OVAL)] = 0.6
        weight[[*regions.LEFT_EYE, *regions.RIGHT_EYE]] = 2.5
        weight[[*regions.OUTER_LIPS, *regions.INNER_LIPS]] = 2.0
        weight[[*regions.LEFT_BROW, *regions.RIGHT_BROW]] = 1.5
        weight[468:] = 1.5
    elif len(weight) == 68:
        weight[:] = 4.0  # few points carry what many do otherwise
        weight[[*regions.IBUG_EYES, *regions.IBUG_LIPS]] = 6.0
    return weight / (1 + (embedding.spread / config.spread) ** 2)


def _in_one_place(moments: Sequence[Moment]) -> list[Moment]:
    """All moments in the middle of their places; some of the places may be far off."""
    rotations = Rotation.from_matrix(np.stack([moment.rotation for moment in moments]))
    turns = np.median((rotations[0].inv() * rotations).as_rotvec(), axis=0)
    rotation = (rotations[0] * Rotation.from_rotvec(turns)).as_matrix()
    translation = np.median([moment.translation for moment in moments], axis=0)
    return [replace(moment, rotation=rotation, translation=translation) for moment in moments]


def _grouped(sights: Sequence[Sight]) -> list[list[Sight]]:
    """Sights by moment; moments without any are refused."""
    count = 1 + max((sight.moment for sight in sights), default=0)
    groups: list[list[Sight]] = [[] for _ in range(count)]
    for sight in sights:
        groups[sight.moment].append(sight)
    if not all(groups):
        raise StageError(
            "fit.failed",
            "The face in the pictures could not be measured.",
            cause="A moment has no picture.",
            fix="Number the moments without gaps.",
        )
    return groups


def _scores(group: Sequence[Sight]) -> dict[str, float]:
    """The mean of what the pictures of a moment say."""
    names = sorted({name for sight in group for name in sight.scores})
    return {name: float(np.mean([s.scores[name] for s in group if name in s.scores])) for name in names}


def _in_world(
    rotation: np.ndarray, translation: np.ndarray, sight: Sight, person: Person
) -> tuple[np.ndarray, np.ndarray]:
    """From head-to-camera in metres to head-to-world in the world's unit."""
    R, t = sight.camera.viewmat[:3, :3], sight.camera.viewmat[:3, 3]
    depth = np.array([1.0, 1.0, np.exp(person.log_focal)]) * np.exp(person.log_scale)
    return R.T @ rotation, R.T @ (depth * translation - t)
