"""A picture is looked at before a job is made of it: a real server, the real examiner, real pictures."""

import cv2
import numpy as np
import psutil
import pytest
from cameo.backend.weights.fetch import asset_path
from cameo.protocol.jobs import new_job_id
from cameo.protocol.messages import Accepted, Examine, Examined, Failure, GenerateAvatar, Ping, Pong

from .client import toy_request, wait_for


def request(content: bytes, **settings) -> GenerateAvatar:
    return GenerateAvatar(np.frombuffer(content, np.uint8), **settings)


@pytest.fixture(scope="module")
def photo() -> bytes:
    return asset_path("astronaut.png").read_bytes()


def examiner_of(backend) -> psutil.Process:
    children = psutil.Process(backend.process.pid).children()
    return next(child for child in children if "cameo.backend.service.examiner" in child.cmdline())


def test_what_is_seen_in_a_portrait(backend, photo):
    question = new_job_id()
    with backend.client() as client:
        seen = client.ask(Examine(question, request(photo)), Examined, seconds=60)
        assert seen.job == question and (seen.width, seen.height) == (512, 512) and seen.chosen == 0
        (face,) = seen.faces
        assert 150 < face.x0 < face.x1 < 300 and 50 < face.y0 < face.y1 < 250
        assert seen.image.shape == (384, 384, 3) and seen.matte.shape == (384, 384)
        assert abs(seen.face_height - (face.y1 - face.y0)) < 6 and seen.blur < 1 and abs(seen.roll_deg) < 20
        inside = seen.landmarks.astype(int)
        assert seen.matte[inside[:, 1], inside[:, 0]].mean() > 200  # the face belongs to the person
        moved = request(photo, options={"portrait.shift_fraction": 0.25, "portrait.face_fraction": 0.3})
        other = client.ask(Examine(new_job_id(), moved), Examined, seconds=60)
        assert np.ptp(other.landmarks[:, 1]) == pytest.approx(0.75 * np.ptp(seen.landmarks[:, 1]), rel=0.03)
        assert other.landmarks[:, 0].mean() < seen.landmarks[:, 0].mean() - 20
        assert not any((backend.home / "jobs").iterdir())  # it is no job


def test_what_is_wrong_is_said_before_a_job_is_made(backend, photo):
    decoded = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    blurred = cv2.imencode(".png", cv2.GaussianBlur(decoded, (0, 0), 3))[1].tobytes()
    blank = cv2.imencode(".png", np.full((200, 200, 3), 200, np.uint8))[1].tobytes()
    with backend.client() as client:
        seen = client.ask(Examine(new_job_id(), request(blurred)), Examined, seconds=60)
        assert "portrait.blurred" in {remark.code for remark in seen.remarks}
        for content, settings, code in (
            (blank, {}, "portrait.no_face"),
            (b"no picture at all", {}, "portrait.not_a_picture"),
            (photo, {"options": {"portrait.size": "large"}}, "request.bad_option"),
            (photo, {"face": 7}, "portrait.no_such_face"),
        ):
            question = new_job_id()
            failure = client.ask(Examine(question, request(content, **settings)), Failure, seconds=60)
            assert (failure.code, failure.job, failure.seq) == (code, question, 0) and failure.fix


def test_only_the_newest_question_of_a_client_is_answered_and_jobs_go_on(backend, photo):
    questions = [new_job_id() for _ in range(4)]
    job = new_job_id()
    with backend.client() as client:
        client.submit(job, toy_request())
        for question in questions:
            client.send(Examine(question, request(photo)))
        answered = [client.take(Examined, seconds=60).job for _ in range(2)]
        assert answered == [questions[0], questions[-1]]  # the first had been begun
        assert any(isinstance(message, Examined | Accepted) for message in client.waiting) or client.follow(job)


def test_an_examiner_that_dies_is_replaced(backend, photo):
    with backend.client() as client:
        client.ask(Examine(new_job_id(), request(photo)), Examined, seconds=60)
        examiner_of(backend).suspend()  # so that it certainly dies with the question
        question = new_job_id()
        client.send(Examine(question, request(photo)))
        client.ask(Ping(1), Pong)  # the server has read the question
        examiner_of(backend).kill()
        failure = client.take(Failure, seconds=60)
        assert (failure.code, failure.job) == ("examiner.died", question)
        assert client.ask(Examine(new_job_id(), request(photo)), Examined, seconds=60).faces
        found = examiner_of(backend).pid
    backend.kill()
    wait_for(lambda: not psutil.pid_exists(found) or psutil.Process(found).status() == psutil.STATUS_ZOMBIE, 10)
