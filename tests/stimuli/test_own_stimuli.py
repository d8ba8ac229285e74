"""A stimulus of one's own keeps its whole numbers and is drawn by its own image; a Gabor may stand in a surround."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

import insilico
import stimuli
from stimuli import AbstractStimulus, CenterSurround, Component, Display, Gabor, Grating, Plaid, StimulusSet

DISPLAY = Display(size_px=(60, 80), ppd=10)
BOTH = pytest.mark.parametrize("backend", ["numba", "numpy"])


@dataclass(frozen=True, kw_only=True)
class Noise(AbstractStimulus):
    """White noise, which is no sum of gratings."""

    seed: int
    contrast: float = 0.5
    tries: int | None = None
    sizes: tuple[int, ...] = (1, 2)

    def components(self) -> tuple[Component, ...]:
        return ()

    def contrast_image(self, display, t=0.0):
        frame = np.random.default_rng([self.seed, round(t * 60)])
        return self.contrast * frame.uniform(-1, 1, display.size_px)


@dataclass(frozen=True, kw_only=True)
class Wrong(AbstractStimulus):
    """An image that is none."""

    image: str

    def components(self) -> tuple[Component, ...]:
        return ()

    def contrast_image(self, display, t=0.0):
        return {
            "shape": np.zeros((3, 3)),
            "nan": np.full(display.size_px, np.nan),
            "range": np.full(display.size_px, 2),
        }[self.image]


def test_fields_of_whole_numbers_stay_whole():
    noise = Noise(seed=np.int64(3), contrast=1, tries=2)
    assert [type(v) for v in (noise.seed, noise.contrast, noise.tries)] == [int, float, int]
    assert noise.sizes == (1, 2)
    assert {type(size) for size in noise.sizes} == {int}
    assert '"seed": 3, "contrast": 1.0' in json.dumps(noise.spec())
    assert type(Grating(orientation=0, spatial_frequency=2).orientation) is float
    assert Grating(orientation=0, spatial_frequency=np.int64(2)).spec()["spatial_frequency"] == 2.0


@BOTH
def test_a_stimulus_is_drawn_by_its_own_image(backend):
    shown = StimulusSet.of([Grating(orientation=0, spatial_frequency=2, diameter=2), Noise(seed=1), Noise(seed=2)])
    times = [0.0, 0.5]
    movie = shown.render(DISPLAY, times, dtype="float64", backend=backend)
    for i, t in enumerate(times):
        for j in (1, 2):
            np.testing.assert_array_equal(movie[j, i], shown[j].contrast_image(DISPLAY, t))
    np.testing.assert_allclose(movie[0, 0], shown[0].contrast_image(DISPLAY), atol=1e-12)
    parts = list(stimuli.render_parts(shown, DISPLAY, times, part_mb=0.02, backend=backend, dtype="float64"))
    np.testing.assert_array_equal(np.concatenate([p.to_numpy().reshape(-1, 60, 80) for p in parts]).ravel(),
                                  movie.to_numpy().ravel())  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("image", "says"),
    [("shape", r"shape \(3, 3\); one value per pixel, \(60, 80\)"), ("nan", "from nan"), ("range", "from 2 to 2")],
)
def test_an_own_image_that_is_none_is_refused_by_name(image, says, backend):
    with pytest.raises(ValueError, match=rf"Wrong.contrast_image returned .*{says}"):
        stimuli.render(Wrong(image=image), DISPLAY, backend=backend)


def test_an_own_image_has_no_layers_and_is_no_part_of_a_sum():
    with pytest.raises(ValueError, match=r"Noise draws its own image .*no layers of orientation.*encoder='energy'"):
        Noise(seed=1).layers("orientation", 0.0, 0.0)
    with pytest.raises(ValueError, match="Noise draws its own image"):
        insilico.record(insilico.load_model("mely2018"), StimulusSet.of([Noise(seed=1)]))
    with pytest.raises(TypeError, match="a part is a Noise, which draws its own image"):
        Noise(seed=1) + Grating(orientation=0, spatial_frequency=2, contrast=0.1)


def test_a_model_that_sees_frames_sees_an_own_image():
    model = insilico.load_model(
        "feedforward", encoder="energy", **{"preparation.shape": (5, 5), "preparation.n_channels": 4}
    )
    display = Display(size_px=(40, 40), ppd=16)
    drive = model.encode(StimulusSet.of([Noise(seed=1), Noise(seed=2)]), display)
    assert drive.to_numpy().any(axis=(1, 2, 3)).all()
    assert not np.allclose(drive[0], drive[1])
    with pytest.raises(ValueError, match=r"Wrong.contrast_image returned shape"):
        model.encode(StimulusSet.of([Wrong(image="shape")]), display)


WAVE = {"orientation": 30, "spatial_frequency": 2}


@pytest.mark.parametrize(
    "center",
    [
        Gabor(**WAVE, sigma=0.5, contrast=0.5),
        Grating(**WAVE, aperture="gaussian", diameter=3, contrast=0.5),
        Plaid(**WAVE, mask_orientation=90, aperture="gaussian", diameter=3, contrast=0.25, mask_contrast=0.25),
    ],
    ids=["gabor", "grating", "plaid"],
)  # fmt: skip
def test_a_gaussian_centre_stands_in_the_hole_of_its_surround(center):
    surround = Grating(orientation=0, spatial_frequency=2, contrast=0.6, diameter=5)
    shown = CenterSurround(center=center, surround=surround, gap=0.1)
    hole = shown.components()[-1].window.hole
    assert (hole.aperture, hole.diameter, hole.edge_width) == ("disc", 3.2, 0.0)
    ring = stimuli.Annulus(
        inner_diameter=3.2, outer_diameter=5, orientation=0, spatial_frequency=2, contrast=0.6
    ).contrast_image(DISPLAY)
    np.testing.assert_allclose(shown.contrast_image(DISPLAY), center.contrast_image(DISPLAY) + ring, atol=1e-12)
    first, *_, last = shown.layers("orientation", 0.0, 0.0) + shown.layers("orientation", 2.0, 0.0)
    assert (first.value, last.value) == (30, 0)


def test_a_gaussian_centre_under_a_full_surround_says_how_much_contrast_fits():
    center, full = Gabor(**WAVE, sigma=0.5), Grating(**WAVE, contrast=1.0)
    with pytest.raises(ValueError, match=r"still has contrast 0\.0111; .*surround's contrast to 0\.988, or widen"):
        CenterSurround(center=center, surround=full)
    CenterSurround(center=center, surround=Grating(**WAVE, contrast=0.988)).contrast_image(DISPLAY)
