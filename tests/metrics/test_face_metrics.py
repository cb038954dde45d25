"""Identity, perceptual distance and expression rise on real faces."""

import cv2
import numpy as np
import pytest
from cameo.backend.metrics.driving import STILL_CONTROLS, score_rise
from cameo.backend.metrics.identity import align_face, face_embedding, identity_cosine
from cameo.backend.metrics.perceptual import load_metric
from cameo.backend.perception.landmark_names import BLENDSHAPE_NAMES, LEFT_IRIS, RIGHT_IRIS
from cameo.backend.perception.landmarks import find_landmarks
from cameo.backend.pipeline.portrait import prepare_portrait
from cameo.backend.weights.fetch import asset_path

NAMES = ("astronaut.png", "grace_hopper.jpg", "mona_lisa.jpg", "drawn_portrait.png")


@pytest.fixture(scope="module")
def portraits():
    return {name: prepare_portrait(asset_path(name)) for name in NAMES}


def embedding_of(image):
    face = find_landmarks(image)
    assert face is not None
    return face_embedding(image, face.points)


def changed(image):
    """The same person under other conditions: turned a little, smaller, darker, as a poor JPEG, mirrored."""
    size = image.shape[0]
    turned = cv2.warpAffine(image, cv2.getRotationMatrix2D((size / 2, size / 2), 12, 0.9), (size, size))
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    dark = (image * 0.5).astype(np.uint8)
    poor = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 15])[1], cv2.IMREAD_COLOR)
    return turned, small, dark, poor, np.ascontiguousarray(image[:, ::-1])


@pytest.mark.parametrize("name", NAMES)
def test_same_person_changed_picture(portraits, name):
    image = portraits[name].image
    reference = embedding_of(image)
    assert np.linalg.norm(reference) == pytest.approx(1, abs=1e-5)
    for other in changed(image):
        assert identity_cosine(reference, embedding_of(other)) > 0.7


def test_different_people(portraits):
    embeddings = [face_embedding(p.image, p.landmarks) for p in portraits.values()]
    cosines = [identity_cosine(a, b) for i, a in enumerate(embeddings) for b in embeddings[:i]]
    assert max(cosines) < 0.3


def test_alignment_puts_the_eyes_where_the_network_expects_them(portraits):
    portrait = portraits["grace_hopper.jpg"]
    aligned = align_face(portrait.image, portrait.landmarks)
    face = find_landmarks(aligned)
    assert face.points[RIGHT_IRIS[0], :2] == pytest.approx([38.3, 51.7], abs=4)
    assert face.points[LEFT_IRIS[0], :2] == pytest.approx([73.5, 51.5], abs=4)


def test_perceptual_metric_grows_with_every_damage(portraits):
    image = cv2.resize(portraits["astronaut.png"].image[150:550, 200:560], (256, 256), interpolation=cv2.INTER_AREA)
    other = cv2.resize(portraits["grace_hopper.jpg"].image[150:550, 200:560], (256, 256), interpolation=cv2.INTER_AREA)
    metric = load_metric()
    assert metric.distance(image, image) == pytest.approx(0, abs=1e-6)
    blurred = [metric.distance(image, cv2.GaussianBlur(image, (0, 0), s)) for s in (0.5, 1, 2, 4)]
    shifted = [metric.distance(image[:, 8:], image[:, 8 - pixels : -pixels]) for pixels in (1, 2, 4)]
    codes = [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for quality in (90, 50, 20)]
    compressed = [metric.distance(image, cv2.imdecode(code, cv2.IMREAD_COLOR)) for code in codes]
    for distances in (blurred, shifted, compressed):
        assert distances == sorted(distances) and distances[0] > 1e-3
    assert metric.distance(image, other) > blurred[-1]
    assert metric.distance(image, other) == pytest.approx(metric.distance(other, image), rel=1e-4)


def test_perceptual_metric_takes_any_size_of_either_kind(portraits):
    image = portraits["astronaut.png"].image[150:281, 200:323]
    dark = (image * 0.8).astype(np.uint8)
    metric = load_metric()
    assert metric.distance(image, dark) == pytest.approx(
        metric.distance(image / np.float32(255), dark / np.float32(255)), rel=1e-4
    )
    with pytest.raises(ValueError, match="differ in shape"):
        metric.distance(image, dark[1:])
    with pytest.raises(ValueError, match="at least 112"):
        metric.distance(image[:100], dark[:100])


def test_rise_takes_the_weaker_side():
    neutral = dict.fromkeys(BLENDSHAPE_NAMES, 0.1)
    posed = neutral | {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.5, "jawOpen": 0.7}
    assert score_rise(neutral, posed, "mouthSmile") == pytest.approx(0.4)
    assert score_rise(neutral, posed, "jawOpen") == pytest.approx(0.6)
    assert score_rise(neutral, posed, "mouthSmileLeft") == pytest.approx(0.8)
    assert set(STILL_CONTROLS) == {"jawOpen", "mouthSmile", "eyeBlink", "browInnerUp", "mouthPucker"}
    assert all(name in BLENDSHAPE_NAMES for names in STILL_CONTROLS.values() for name in names)
