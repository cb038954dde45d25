"""Controls to parameters and back."""

import numpy as np
import pytest
from cameo.backend.artifacts import HeadParameters
from cameo.backend.head.controls import controls_from_parameters, parameters_from_controls
from cameo.backend.head.model import load_head_model
from hypothesis import given, settings
from hypothesis import strategies as st

MODEL = load_head_model()
# one side of each gaze axis: looking up and down at once is one angle, not two controls
ONE_SIDED = [c.name for c in MODEL.controls if not any(word in c.name for word in ("LookDown", "LookOut"))]


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(ONE_SIDED), st.floats(0.01, 1.0), max_size=12))
def test_there_and_back(values):
    found = controls_from_parameters(MODEL, parameters_from_controls(MODEL, values))
    assert found.keys() == values.keys()
    assert all(found[name] == pytest.approx(value, abs=1e-3) for name, value in values.items())


def test_what_controls_cannot_say_is_cut_off():
    units = np.full(len(MODEL.unit_names), -0.5, np.float32)
    units[MODEL.unit_names.index("mouthSmileLeft")] = 1.7
    found = controls_from_parameters(MODEL, HeadParameters(units, np.zeros((5, 3), np.float32)))
    assert found == {"mouthSmileLeft": 1.0}
