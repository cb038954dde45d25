"""The time left is told where there is ground for it, and is not told where there is none."""

import json

import pytest
from cameo.backend.pipeline.clock import JobClock, Lap
from cameo.backend.pipeline.timings import StageTimings
from cameo.backend.stage import Stage

from .test_run import Recorder, Toy, go


class Watch:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


class Job:
    """A job of two stages and a short last one, on a watch."""

    def __init__(self, *seconds):
        self.watch, self.recorder = Watch(), Recorder()
        laps = [Lap("engine", 0.45, seconds[0]), Lap("training", 0.5, seconds[1]), Lap("bake", 0.02, None)]
        self.clock = JobClock(self.recorder, laps, self.watch)

    def enter(self, stage):
        self.stage = self.clock.enter(stage)
        return self.at(0.0, 0.0)

    def at(self, seconds, fraction):
        """Seconds left as told when the stage is so far, ``seconds`` after the report before."""
        self.watch.time += seconds
        self.stage.progress(fraction)
        return self.recorder.said[-1].eta_seconds


def test_a_first_job_says_nothing_until_its_longest_stage_shows_its_pace():
    job = Job(None, None)
    assert job.enter("engine") is None
    assert [job.at(5, fraction) for fraction in (0.1, 0.2, 0.5, 0.9, 1.0)] == [None] * 5, "training is unknown"
    assert job.enter("training") is None and job.at(9, 0.05) is None
    assert job.at(9, 0.1) == pytest.approx(162 + 180 * 0.02 / 0.5), "at its own pace, the last stage by its share"
    for tenth in range(2, 10):
        left = job.at(18, tenth / 10)
    assert left == pytest.approx(18 + 180 * 0.02 / 0.5)
    job.at(18, 1.0)
    assert job.enter("bake") == pytest.approx(180 * 0.02 / 0.5)
    assert job.at(1, 1.0) == 0


def test_what_stages_took_before_tells_from_the_first_moment_and_the_pace_corrects_it():
    job = Job(40.0, 100.0)
    assert job.enter("engine") == pytest.approx(140, rel=0.05)
    assert job.at(20, 0.5) == pytest.approx(120, rel=0.05)
    assert job.enter("training") == pytest.approx(100, rel=0.05)
    for tenth in range(1, 6):  # twice as slow as before
        left = job.at(20, tenth / 10)
    assert left == pytest.approx(100, rel=0.05), "from the middle on its own pace counts"


def test_a_checkpoint_that_was_taken_up_is_no_pace():
    job = Job(None, None)
    job.enter("training")
    assert job.at(1, 0.08) is None
    assert job.at(0.5, 0.7) is None, "half a second for two thirds is no pace"
    assert job.at(20, 0.8) == pytest.approx(40, rel=0.2)
    known = Job(None, 100.0)
    known.enter("training")
    assert known.at(0.5, 0.7) == pytest.approx(30 + 100 * 0.02 / 0.5)
    assert known.enter("bake") is not None


def test_undisturbed_runs_are_remembered_and_others_are_not(tmp_path):
    timings = StageTimings(tmp_path / "timings.json")
    toy = Toy()
    stages = toy.pipeline.stages
    assert [timings.seconds(stage) for stage in stages] == [None] * 4
    (tmp_path / "job").mkdir()
    go(toy, tmp_path / "job", timings=timings)
    assert all(timings.seconds(stage) is not None for stage in stages)
    assert timings.seconds(Toy(config={"quality": 2}).pipeline.stages[1]) is None, "another configuration"
    before = (tmp_path / "timings.json").read_text()
    go(Toy(), tmp_path / "job", timings=timings)
    assert (tmp_path / "timings.json").read_text() == before, "what lay on the disk took no time"


def test_the_usual_time_counts_and_a_damaged_file_counts_as_none(tmp_path):
    path, stage = tmp_path / "timings.json", Stage("one", 1.0, object, None, lambda context: None)
    timings = StageTimings(path)
    for seconds in (900, 10, 12, 11, 13, 300):  # the first is long ago
        timings.note(stage, seconds)
    assert timings.seconds(stage) == 12
    for damaged in ("{", "[]", json.dumps({next(iter(json.loads(path.read_text()))): ["soon"]})):
        path.write_text(damaged)
        assert timings.seconds(stage) is None
    timings.note(stage, 7.0)
    assert timings.seconds(stage) == 7 and [file.name for file in tmp_path.iterdir()] == [path.name]
    StageTimings(tmp_path / "nowhere" / "timings.json").note(stage, 7.0)
    assert StageTimings().seconds(stage) is None
