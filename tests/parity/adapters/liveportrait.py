"""Our LivePortrait as ``check_liveportrait.py`` wants to see it; that file's docstring is the contract."""

from cameo.backend.priors.liveportrait import keypoints
from cameo.backend.priors.liveportrait.networks import networks_of_states
from cameo.backend.priors.liveportrait.retargeting import stitched

TAGS = {
    "F": "appearance",
    "M": "motion",
    "W": "warping",
    "G": "generator",
    "S": "stitching",
    "Rlip": "lip",
    "Reye": "eye",
}
REGIONS = {"all": "all", "exp": "expression"}


def build(states):
    return LivePortrait(networks_of_states({TAGS[tag]: state for tag, state in states.items()}))


class LivePortrait:
    pose_deg = staticmethod(keypoints.angle_degrees)
    rotation = staticmethod(keypoints.rotation_from_degrees)

    def __init__(self, networks):
        self._networks = networks
        self.F, self.G = networks.appearance, networks.generator
        self.S, self.Rlip, self.Reye = networks.stitching, networks.lip, networks.eye

    def M(self, image):  # noqa: N802 - the published names of the networks
        return self._networks.motion(image)._asdict()

    def W(self, volume, driving, source):  # noqa: N802
        return self._networks.warping(volume, driving, source)._asdict()

    def transform(self, kp, R, exp, scale, t):
        return keypoints.Motion(kp, R, exp, scale, t).keypoints()

    def relative(self, source, frame, reference, region):
        motions = [keypoints.Motion(**part) for part in (source, frame, reference)]
        return keypoints.follow(*motions, REGIONS[region]).keypoints()

    def stitch(self, source, driven):
        return stitched(self._networks.stitching, source, driven)
