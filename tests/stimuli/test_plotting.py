"""The overview shows what was asked for and says what it leaves out."""

import matplotlib as mpl
import numpy as np
import pytest

import stimuli

DISPLAY = stimuli.Display(size_px=(24, 32), ppd=8)


@pytest.fixture(autouse=True)
def _no_screen():
    backend = mpl.get_backend()
    mpl.use("Agg")
    yield
    mpl.use(backend)


def gratings(orientations, **constant):
    return stimuli.StimulusSet.grid(
        lambda orientation, contrast: stimuli.Grating(
            orientation=orientation, spatial_frequency=2, contrast=contrast
        ),
        orientation=orientations,
        contrast=constant.get("contrast", [0.5]),
    )  # fmt: skip


def pictures(figure):
    return [axis for axis in figure.axes if axis.images]


def test_every_stimulus_has_a_labelled_thumbnail():
    shown = gratings([0, 45, 90])
    figure = shown.overview(DISPLAY)
    assert [axis.get_title() for axis in pictures(figure)] == ["orientation 0°", "orientation 45°", "orientation 90°"]
    assert figure.get_suptitle() == "3 stimuli · contrast 0.5"
    for axis, stimulus in zip(pictures(figure), shown, strict=True):
        np.testing.assert_allclose(axis.images[0].get_array(), stimulus.contrast_image(DISPLAY), atol=1e-6)
        assert axis.images[0].get_clim() == (-1, 1)
        assert axis.images[0].get_extent() == [-2, 2, -1.5, 1.5]
    assert "4° wide, 3° high" in figure.get_supxlabel()


def test_many_stimuli_are_sampled_and_the_title_says_so():
    figure = gratings(np.arange(100)).overview(DISPLAY)
    assert len(pictures(figure)) == 64
    assert figure.get_suptitle().startswith("100 stimuli, 64 of them shown, evenly spaced")
    assert pictures(figure)[0].get_title() == "orientation 0°"
    assert pictures(figure)[-1].get_title() == "orientation 99°"


def test_the_fastest_parameter_fills_whole_rows():
    figure = gratings(range(6), contrast=[0.1, 0.2, 0.3]).overview(DISPLAY)
    assert figure.axes[0].get_gridspec().ncols % 3 == 0


def test_stimuli_without_labels_are_numbered():
    figure = stimuli.StimulusSet.of([stimuli.Blank()] * 2).overview(DISPLAY)
    assert [axis.get_title() for axis in pictures(figure)] == ["stimulus 0", "stimulus 1"]


def test_the_figure_is_not_left_open():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    gratings([0]).overview(DISPLAY)
    assert plt.get_fignums() == before
