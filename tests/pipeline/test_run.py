"""The stage runner: resumes where it stopped, measures, reports, and can be cancelled. Its stages here are toys."""

from dataclasses import dataclass

import numpy as np
import pytest
from cameo.backend.artifacts import Portrait
from cameo.backend.errors import CameoError, JobCancelled
from cameo.backend.pipeline.run import Part, Pipeline, run_pipeline
from cameo.backend.stage import Stage

from .test_artifact_store import portrait, same


@dataclass(frozen=True)
class Number:
    value: np.ndarray


class Recorder:
    """Keeps what it is told; cancels at a given stage."""

    def __init__(self, cancel_at: str = "") -> None:
        self.said = []
        self.notices = []
        self.cancel_at = cancel_at

    def progress(self, progress):
        self.said.append(progress)
        if progress.stage == self.cancel_at and progress.stage_fraction > 0:
            raise JobCancelled

    def preview(self, image, cloud=None):
        self.said.append(image)

    def notice(self, code, sentence):
        self.notices.append(code)


class Toy:
    """Three stages that count how often they run; one may fail."""

    def __init__(self, fail_in: str = "", config: object = None) -> None:
        self.runs: list[str] = []
        self.fail_in = fail_in
        names = ("one", "two", "three")
        stages = tuple(Stage(n, 1.0, Number, config, lambda c, n=n: self.run(n, c)) for n in names)
        first = Stage("portrait", 1.0, Portrait, None, self.find_face)
        self.pipeline = Pipeline((first, *stages), self.finish)

    def find_face(self, context):
        self.runs.append("portrait")
        return portrait()

    def run(self, name, context):
        self.runs.append(name)
        context.reporter.progress(0.5, name)
        if name == self.fail_in:
            raise ValueError(name)
        ballast = np.ones(3_000_000)  # 24 MB, for the memory measurement
        value = context.image[0] + sum(a.value.sum() for a in context.artifacts.values() if isinstance(a, Number))
        return Number(np.array([value * ballast[0]]))

    def finish(self, context, result):
        result.write_text(f"{context.artifacts['three'].value} {[r['name'] for r in context.records]}")


def go(toy: Toy, folder, recorder=None, image=b"\x05picture", part=None, timings=None) -> str:
    run_pipeline(toy.pipeline, image, folder, folder / "result", recorder or Recorder(), part, timings)
    return (folder / "result").read_text()


@pytest.mark.parametrize("fail_in", ["one", "two", "three"])
def test_it_goes_on_where_it_failed(tmp_path, fail_in):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    broken = Toy(fail_in)
    with pytest.raises(ValueError, match=fail_in):
        go(broken, tmp_path / "a")
    again = Toy()
    resumed = go(again, tmp_path / "a")
    assert again.runs[0] == fail_in and set(broken.runs + again.runs) == {"portrait", "one", "two", "three"}
    assert resumed == go(Toy(), tmp_path / "b")


def test_other_inputs_are_not_taken_for_the_same(tmp_path):
    go(Toy(), tmp_path)
    for toy, image, runs in (
        (Toy(), b"\x05picture", []),
        (Toy(), b"\x05another", ["portrait", "one", "two", "three"]),
        (Toy(config={"quality": 2}), b"\x05picture", ["one", "two", "three"]),
    ):
        go(toy, tmp_path, image=image)
        assert toy.runs == runs


def test_progress_covers_the_job(tmp_path):
    recorder = Recorder()
    go(Toy(), tmp_path, recorder)
    fractions = [progress.fraction for progress in recorder.said]
    assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions)
    assert [p.message for p in recorder.said if p.message] == ["one", "two", "three"]
    assert recorder.said[0].eta_seconds is None and recorder.said[-1].eta_seconds == 0
    assert recorder.notices == ["portrait.several_faces"]
    again = Recorder()
    go(Toy(), tmp_path, again)
    assert again.said[-1].fraction == 1 and again.notices == []


def test_a_cancelled_job_stops_and_can_be_taken_up_again(tmp_path):
    toy = Toy()
    with pytest.raises(JobCancelled):
        go(toy, tmp_path, Recorder(cancel_at="two"))
    assert toy.runs == ["portrait", "one", "two"] and not (tmp_path / "result").exists()
    again = Toy()
    go(again, tmp_path)
    assert again.runs == ["two", "three"]


def test_time_and_memory_are_recorded_and_survive_a_resume(tmp_path):
    records = []
    for _ in range(2):
        pipeline = Pipeline(Toy().pipeline.stages, lambda context, result: records.append(context.records))
        run_pipeline(pipeline, b"x", tmp_path, tmp_path / "result", Recorder())
    assert records[0] == records[1]
    assert [record["name"] for record in records[0]] == ["portrait", "one", "two", "three"]
    assert all(record["seconds"] >= 0 and record["peak_memory_bytes"] > 1 << 20 for record in records[0])


def test_resumed_artifacts_equal_fresh_ones(tmp_path):
    made, seen = portrait(), []
    pipeline = Pipeline(
        (Stage("portrait", 1.0, Portrait, None, lambda context: made),),
        lambda context, result: seen.append(context.artifacts["portrait"]),
    )
    for _ in range(2):
        run_pipeline(pipeline, b"x", tmp_path, tmp_path / "result", Recorder())
    assert seen[1] is not made and same(seen[0], seen[1])


def test_a_part_of_the_way(tmp_path):
    toy, recorder = Toy(), Recorder()
    run_pipeline(toy.pipeline, b"\x05picture", tmp_path, tmp_path / "result", recorder, Part(stop_after="one"))
    assert toy.runs == ["portrait", "one"] and not (tmp_path / "result").exists()
    assert recorder.said[-1].fraction == 1
    toy = Toy()
    whole = go(toy, tmp_path)
    assert toy.runs == ["two", "three"]
    toy = Toy()
    assert go(toy, tmp_path, part=Part(start="two")) == whole and toy.runs == ["two", "three"]
    toy = Toy()
    with pytest.raises(CameoError) as caught:
        go(toy, tmp_path, part=Part(start="four"))
    assert caught.value.code == "request.unknown_stage" and "portrait, one, two, three" in caught.value.fix
    assert toy.runs == []
