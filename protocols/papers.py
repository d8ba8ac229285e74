"""Published experiments: their preparations, conditions and tables, as they are compared with.

Sizes in cells, tuning widths and channels are those of the circuit study (Mély, Linsley & Serre 2018) in which the
papers' own sizes are not given; see the cards' `not_known` and `assumptions`.
"""

from __future__ import annotations

from typing import Any

from insilico.preparation import Preparation, Sheet
from protocols.center_surround import CenterSurroundMatrix
from protocols.direction_induction import DirectionInduction, DirectionRepulsion
from protocols.disparity_induction import ARCMIN, DisparityInduction
from protocols.hue_induction import HueInduction
from protocols.plaid_contrasts import PlaidContrasts
from protocols.plaid_surround import PlaidSurround
from protocols.tilt_induction import TiltInduction
from stimuli.doors import door
from stimuli.errors import unknown_name

PITCH = 0.25
SHEET = Sheet(shape=(51, 51), pitch=PITCH)
GEOMETRIES = ("squares", "discs")

CAT_BUSSE2009 = Preparation(
    name="cat_busse2009",
    sheet=SHEET,
    n_channels=37,
    first_preference=-45.0,
    spacing="duplicated",
    tuning_width=1.0,
    center_diameter=9 * PITCH,
    aperture="square",
)
MACAQUE_TROTT_BORN2015_PLAID = Preparation(
    name="macaque_trott_born2015_plaid",
    sheet=SHEET,
    n_channels=32,
    first_preference=-90.0,
    spacing="duplicated",
    tuning_width=2.0,
    center_diameter=9 * PITCH,
    aperture="square",
)
MACAQUE_TROTT_BORN2015_MATRIX = Preparation(
    name="macaque_trott_born2015_matrix",
    sheet=SHEET,
    n_channels=64,
    first_preference=-90.0,
    spacing="duplicated",
    tuning_width=2.0,
    center_diameter=5 * PITCH,
    aperture="square",
)
HUMAN_OTOOLE_WENDEROTH1977 = Preparation(
    name="human_otoole_wenderoth1977",
    sheet=SHEET,
    n_channels=25,
    first_preference=-90.0,
    spacing="duplicated",
    tuning_width=0.40,
    center_diameter=8 * PITCH,
    surround_diameter=32 * PITCH,
    aperture="square",
)
PITCH_MOTION = 0.45
HUMAN_KIM_WILSON1997 = Preparation(
    name="human_kim_wilson1997",
    sheet=Sheet(shape=(101, 101), pitch=PITCH_MOTION),
    feature="direction",
    n_channels=25,
    first_preference=-135.0,
    spacing="duplicated",
    tuning_width=1.25,
    center_diameter=8 * PITCH_MOTION,
    gap=2 * PITCH_MOTION,
    surround_diameter=24 * PITCH_MOTION,
    aperture="square",
)

HUMAN_MARSHAK_SEKULER1979 = Preparation(
    name="human_marshak_sekuler1979",
    sheet=SHEET,
    feature="direction",
    n_channels=24,
    first_preference=-180.0,
    tuning_width=1.25,
    center_diameter=8 * PITCH,
    surround_diameter=32 * PITCH,
    aperture="square",
)
HUMAN_KLAUKE_WACHTLER2015 = Preparation(
    name="human_klauke_wachtler2015",
    sheet=SHEET,
    feature="hue",
    n_channels=24,
    first_preference=-180.0,
    center_diameter=9 * PITCH,
    aperture="square",
)
RANGE_DISPARITY = 5.0  # arcmin
HUMAN_WESTHEIMER_LEVI1987 = Preparation(
    name="human_westheimer_levi1987",
    sheet=Sheet(shape=(51, 51), pitch=0.76 / ARCMIN),
    feature="disparity",
    domain=(-RANGE_DISPARITY / 2, RANGE_DISPARITY / 2),
    n_channels=50,
    tuning_width=0.23 * RANGE_DISPARITY,
    center_diameter=5 * 0.76 / ARCMIN,
    aperture="square",
)


@door
def busse2009(*, geometry: str = "squares", **settings: Any) -> PlaidContrasts:
    """Return the plaid experiment of Busse, Wade & Carandini 2009.

    Parameters
    ----------
    geometry
        "squares": the square centre and the end-point-duplicated channels of the circuit study. "discs": a disc of
        the same diameter, sampled at cell centres, and 36 evenly spaced channels.
    **settings
        `contrasts`, `spatial_frequency`, `phase`, `preparation`.
    """
    return PlaidContrasts(**{"preparation": _in_geometry(CAT_BUSSE2009, geometry), **settings})


@door
def trott_born2015_plaid(*, geometry: str = "squares", **settings: Any) -> PlaidSurround:
    """Return the plaid-in-surround experiment of Trott & Born 2015; arguments as for `busse2009`."""
    return PlaidSurround(**{"preparation": _in_geometry(MACAQUE_TROTT_BORN2015_PLAID, geometry), **settings})


@door
def trott_born2015_matrix(*, geometry: str = "squares", **settings: Any) -> CenterSurroundMatrix:
    """Return the centre-surround experiment of Trott & Born 2015; arguments as for `busse2009`."""
    return CenterSurroundMatrix(**{"preparation": _in_geometry(MACAQUE_TROTT_BORN2015_MATRIX, geometry), **settings})


@door
def otoole_wenderoth1977(*, geometry: str = "squares", **settings: Any) -> TiltInduction:
    """Return the tilt illusion of O'Toole & Wenderoth 1977; geometry as for `busse2009`, settings of its protocol."""
    return TiltInduction(**{"preparation": _in_geometry(HUMAN_OTOOLE_WENDEROTH1977, geometry), **settings})


@door
def kim_wilson1997(*, geometry: str = "squares", **settings: Any) -> DirectionInduction:
    """Return the induced direction of Kim & Wilson 1997; geometry as for `busse2009`, settings of its protocol."""
    return DirectionInduction(**{"preparation": _in_geometry(HUMAN_KIM_WILSON1997, geometry), **settings})


@door
def marshak_sekuler1979(*, geometry: str = "squares", **settings: Any) -> DirectionRepulsion:
    """Return the repulsion of directions of Marshak & Sekuler 1979, its width of direction tuning Kim & Wilson's.

    Geometry as for `busse2009`, settings of its protocol.
    """
    return DirectionRepulsion(**{"preparation": _in_geometry(HUMAN_MARSHAK_SEKULER1979, geometry), **settings})


@door
def klauke_wachtler2015(*, geometry: str = "squares", **settings: Any) -> HueInduction:
    """Return the induced hue of Klauke & Wachtler 2015; geometry as for `busse2009`, settings of its protocol."""
    return HueInduction(**{"preparation": _in_geometry(HUMAN_KLAUKE_WACHTLER2015, geometry), **settings})


@door
def westheimer_levi1987(**settings: Any) -> DisparityInduction:
    """Return the induced disparity of Westheimer & Levi 1987; settings of its protocol."""
    return DisparityInduction(**{"preparation": HUMAN_WESTHEIMER_LEVI1987, **settings})


def _in_geometry(preparation: Preparation, geometry: str) -> Preparation:
    if geometry not in GEOMETRIES:
        raise unknown_name("geometry", geometry, GEOMETRIES)
    if geometry == "squares":
        return preparation
    return preparation.replaced(aperture="disc", n_channels=36, spacing="even")
