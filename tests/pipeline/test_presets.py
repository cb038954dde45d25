"""Presets and options: what an artist can choose, and what happens to a wrong choice."""

import numpy as np
import pytest
from cameo.backend.errors import CameoError
from cameo.backend.pipeline.generate import avatar_pipeline
from cameo.backend.pipeline.presets import PRESETS, preset_for
from cameo.protocol.messages import GenerateAvatar


def request(**settings) -> GenerateAvatar:
    return GenerateAvatar(np.ones(3, np.uint8), **settings)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_says_what_it_costs_and_makes_a_pipeline(name):
    preset = PRESETS[name]
    assert preset.name == preset.reconstruction.preset == name and preset.title and preset.cost
    pipeline = avatar_pipeline(request(preset=name))
    assert [stage.name for stage in pipeline.stages] == ["portrait", "engine", "reconstruction"]


def test_options_reach_their_stage():
    preset = preset_for("preview", {"hair": "hat", "seed": 7})
    assert (preset.engines["builtin"].hair, preset.engines["builtin"].seed) == ("hat", 7)
    assert preset.reconstruction.seed == 7 and preset.engines["facecraft4d"].seed == 0
    assert preset_for("preview", {}) == PRESETS["preview"]
    assert preset_for("preview", {"baked_view": -1}) == PRESETS["preview"]
    assert preset_for("preview", {"baked_view": 3}).baked_view == 3
    flame = preset_for("toy", {"head_model_path": "flame2023.pkl"}).engines["builtin"]
    assert flame.head_model_path == "flame2023.pkl"
    configs = [avatar_pipeline(request(options={"seed": seed})).stages[1].config for seed in (0, 1)]
    assert configs[0] != configs[1]


def test_any_setting_of_a_stage_can_be_changed():
    changed = {"portrait.size": 512, "engine.view_distance": 2, "reconstruction.cloud.gaussians": 10}
    preset = preset_for("preview", changed)
    engine = preset.engines["builtin"]
    assert (preset.portrait.size, engine.view_distance, preset.reconstruction.cloud.gaussians) == (512, 2.0, 10)
    assert isinstance(engine.view_distance, float)
    lists = preset_for("preview", {"engine.expression_yaws": "0,12.5", "seed": 1}).engines["builtin"]
    assert lists.expression_yaws == (0.0, 12.5)
    clips = preset_for("preview", {"engine.expression_clips.files": "a.mp4,b.pkl"}, "facecraft4d")
    assert clips.engines["facecraft4d"].expression_clips.files == ("a.mp4", "b.pkl")
    assert preset_for("preview", {"engine.seed": 3}, "facecraft4d").engines["facecraft4d"].seed == 3


def test_generated_views_are_trusted_less_than_the_picture():
    assert preset_for("preview", {}, "facecraft4d").reconstruction.reference_share == 0.25
    assert preset_for("preview", {}).reconstruction.reference_share == 0.1
    assert preset_for("preview", {"hair": "auto"}, "facecraft4d") == preset_for("preview", {}, "facecraft4d")


def test_the_chosen_face_is_part_of_the_key():
    assert avatar_pipeline(request(face=1)).stages[0].config != avatar_pipeline(request()).stages[0].config


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"preset": "best"}, "request.unknown_preset"),
        ({"engine": "magic"}, "engine.unknown"),
        ({"options": {"hair": "green"}}, "request.bad_option"),
        ({"options": {"hair": 3}}, "request.bad_option"),
        ({"options": {"seed": True}}, "request.bad_option"),
        ({"options": {"seed": "1"}}, "request.bad_option"),
        ({"options": {"head_model_path": 1}}, "request.bad_option"),
        ({"options": {"baked_view": -2}}, "request.bad_option"),
        ({"options": {"colour": "green"}}, "request.unknown_option"),
        ({"options": {"engine.colour": "green"}}, "request.unknown_option"),
        ({"options": {"engine": 1}}, "request.unknown_option"),
        ({"options": {"engine.seed.x": 1}}, "request.unknown_option"),
        ({"options": {"reconstruction.density.split": "sideways"}}, "request.bad_option"),
        ({"options": {"reconstruction.density.split": True}}, "request.bad_option"),
        ({"options": {"reconstruction.cloud": 1}}, "request.bad_option"),
        ({"options": {"engine.elevated": 1}}, "request.bad_option"),
        ({"options": {"engine.expression_yaws": 1}}, "request.bad_option"),
        ({"options": {"engine.expression_yaws": "0,left"}}, "request.bad_option"),
    ],
)
def test_wrong_choices_are_named(settings, code):
    with pytest.raises(CameoError) as caught:
        avatar_pipeline(request(**settings))
    assert caught.value.code == code and caught.value.fix
