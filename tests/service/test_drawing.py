"""Blender has its splats drawn: a real server, the real painter, against the slow reference."""

from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from cameo.backend.gaussians.rasterizer import Cameras, Gaussians, rasterize
from cameo.protocol import limits
from cameo.protocol.jobs import new_job_id
from cameo.protocol.messages import Accepted, Draw, Drawn, Failure, Ping, Pong

from .client import toy_request

WIDTH, HEIGHT = 60, 40
ARRAYS = "means", "quats", "scales", "opacities", "colors"


@pytest.fixture(scope="module")
def question() -> Draw:
    rng = np.random.default_rng(5)
    count = 200
    splats = {
        "means": rng.normal((0, 0, 1), 0.1, (count, 3)),
        "quats": rng.normal(size=(count, 4)),
        "scales": rng.uniform(0.002, 0.03, (count, 3)),
        "opacities": rng.uniform(0.1, 1, count),
        "colors": rng.uniform(size=(count, 3)),
    }
    K = np.array([[100.0, 0, 30], [0, 100, 20], [0, 0, 1]])
    splats = {name: array.astype(np.float32) for name, array in splats.items()}
    return Draw(new_job_id(), WIDTH, HEIGHT, np.eye(4), K, **splats)


def painter_of(backend) -> psutil.Process:
    children = psutil.Process(backend.process.pid).children()
    return next(child for child in children if "cameo.backend.service.painter" in child.cmdline())


def test_the_picture_is_the_references(backend, question):
    with backend.client() as client:
        drawn = client.ask(question, Drawn, seconds=120)
    assert drawn.job == question.job
    means, quats, scales, opacities, colors = (torch.tensor(getattr(question, name))[None] for name in ARRAYS)
    viewmat, K = (torch.tensor(a, dtype=torch.float32)[None, None] for a in (question.viewmat, question.K))
    wanted = rasterize(
        Gaussians(means, quats, scales, opacities),
        Cameras(viewmat, K, WIDTH, HEIGHT),
        colors=colors,
        depth=True,
        backend="reference",
    )
    rgba = torch.cat([wanted.image, wanted.alpha], -1)[0, 0].numpy()
    assert rgba[..., 3].max() > 0.9 and rgba[..., 3].min() < 0.1  # there is something to compare
    assert np.abs(drawn.rgba.astype(np.float32) - rgba).max() < 1 / 255
    assert np.abs(drawn.depth - wanted.depth[0, 0, ..., 0].numpy()).max() < 1e-3


def test_a_painter_that_dies_is_replaced_and_jobs_go_on(backend, question):
    job = new_job_id()
    with backend.client() as client:
        client.ask(question, Drawn, seconds=120)
        painter_of(backend).suspend()  # so that it certainly dies with the question
        lost = replace(question, job=new_job_id())
        client.send(lost)
        client.ask(Ping(1), Pong)  # the server has read the question
        painter_of(backend).kill()
        failure = client.take(Failure, seconds=60)
        assert (failure.code, failure.job) == ("painter.died", lost.job)
        assert isinstance(client.submit(job, toy_request()), Accepted)
        assert client.ask(replace(question, job=new_job_id()), Drawn, seconds=120).rgba.shape == (HEIGHT, WIDTH, 4)
        assert client.follow(job)[-1].state == "done"


def test_a_picture_that_would_flood_a_slow_client_is_refused_before_it_is_sent(question):
    side = int(limits.DRAWN_PIXELS**0.5)
    replace(question, width=side, height=side)
    for wrong in ({"width": side + 1, "height": side}, {"width": 0}, {"means": question.means[1:]}):
        with pytest.raises(ValueError):
            replace(question, **wrong)


def test_no_splats_are_an_empty_picture(backend, question):
    nothing = replace(question, **{name: getattr(question, name)[:0] for name in ARRAYS})
    with backend.client() as client:
        drawn = client.ask(nothing, Drawn, seconds=120)
    assert not drawn.rgba.any() and not drawn.depth.any()
