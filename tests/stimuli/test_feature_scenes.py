"""Scenes of hue and disparity have exact layers and no picture."""

import json

import numpy as np
import pytest

import stimuli
from stimuli import FeaturePatch, FeatureScene, Grating, StimulusSet, Window

CENTER = Window(aperture="square", diameter=2.0)
RING = Window(aperture="square", diameter=4.0, hole=CENTER)
PATCHES = (FeaturePatch(value=10, window=CENTER), FeaturePatch(value=70, window=RING, contrast=0.5))
SCENE = FeatureScene(feature="hue", patches=PATCHES)
X = np.linspace(-2.5, 2.5, 21)
DISPLAY = stimuli.Display(size_px=(40, 40), ppd=8)


def test_each_value_is_a_layer_of_its_windows_and_contrasts():
    first, second = SCENE.layers("hue", X[None, :], X[:, None])
    assert (first.value, second.value) == (10.0, 70.0)
    assert np.array_equal(first.contrast, CENTER.sample(X[None, :], X[:, None]))
    assert np.array_equal(second.contrast, 0.5 * RING.sample(X[None, :], X[:, None]))


def test_patches_of_one_value_are_one_layer_and_add():
    halves = FeatureScene(feature="disparity", patches=[FeaturePatch(value=1, window=CENTER, contrast=0.5)] * 2)
    [layer] = halves.layers("disparity", 0.0, 0.0)
    assert layer.contrast == 1.0
    with pytest.raises(ValueError, match=r"contrasts add up to 1\.5"):
        FeatureScene(feature="hue", patches=[PATCHES[0], FeaturePatch(value=0, window=CENTER, contrast=0.5)]).layers(
            "hue", 0.0, 0.0
        )


def test_a_cell_takes_the_average_of_the_contrast_over_its_area():
    [layer] = FeatureScene(feature="hue", patches=PATCHES[:1]).layers("hue", 1.0, 0.0, cell=0.5)
    assert layer.contrast == pytest.approx(0.5)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: SCENE.contrast_image(DISPLAY),
        lambda: StimulusSet.of([SCENE]).render(DISPLAY, backend="numpy"),
        lambda: SCENE + Grating(orientation=0, spatial_frequency=2, contrast=0.1),
    ],
)
def test_what_asks_for_a_picture_is_refused_by_name(draw):
    with pytest.raises(ValueError, match="a scene of hue has no picture: that would need colour"):
        draw()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureScene(feature="hues", patches=PATCHES), "Did you mean 'hue'"),
        (lambda: FeatureScene(feature="hue", patches=()), "patches is empty"),
        (lambda: FeatureScene(feature="hue", patches=(CENTER,)), "must be a FeaturePatch"),
        (lambda: FeaturePatch(value=np.nan, window=CENTER), "value is nan; it must be finite"),
        (lambda: FeaturePatch(value=0, window=CENTER, contrast=20), "contrast is 20; a Michelson contrast"),
        (lambda: FeaturePatch(value=0, window=2.0), "must be a Window"),
        (lambda: SCENE.layers("orientation", 0, 0), "this is a scene of hue, which has no orientation"),
    ],
)
def test_bad_scenes_say_what_is_allowed(make, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        make()


def test_the_specification_is_plain_data():
    spec = json.loads(json.dumps(SCENE.spec()))
    assert spec["kind"] == "FeatureScene"
    assert spec["patches"][1]["window"]["hole"]["diameter"] == 2.0
