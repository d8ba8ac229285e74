"""One windowed grating: the only thing this package draws.

Legend: θ orientation, f spatial frequency, ω temporal frequency, φ phase, u = −x sinθ + y cosθ.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stimuli.apertures import Window
from stimuli.doors import door
from stimuli.validation import finite, fraction, one_of, positive

Array = NDArray[np.float64]

WAVEFORMS = ("sine", "square")
MODULATIONS = ("drift", "counterphase")
ZERO_OF_COSINE = 1e-9
"""A square wave takes its mean, 0, where the cosine's size is below this: its edges do not depend on rounding."""
MOST_CYCLES = 1e9
"""Beyond this many cycles from where a phase is given, it is lost in rounding: 1e9 cycles are known to 1e-7."""
SAME_PHASE_DEG = 1e-6
SAME_FREQUENCY = 1e-9


class Numbers(NamedTuple):
    """Columns of numbers of many components, as a kernel takes them.

    ``kx, ky`` are in rad/degree, ``px, py`` (the window's position) in degrees, ``phi`` in rad, ``omega`` in rad/s;
    ``square`` and ``counterphase`` are 0 or 1.
    """

    kx: Array
    ky: Array
    px: Array
    py: Array
    contrast: Array
    phi: Array
    omega: Array
    square: Array
    counterphase: Array


@door
@dataclass(frozen=True, kw_only=True)
class Component:
    """Describe one windowed grating, ``contrast * window * cos(2π(f u − ω t) + φ)``.

    Parameters
    ----------
    orientation : float
        Of the bars, degrees; 0 is horizontal, counter-clockwise. Any finite angle.
    spatial_frequency : float
        Cycles/degree, above 0.
    phase : float
        Degrees, at the window's position.
    contrast : float
        Michelson contrast in [0, 1].
    waveform : {"sine", "square"}
        A square wave is the sign of the cosine: +1, −1, and 0 on its edges.
    temporal_frequency : float
        Hz. Positive drifts towards orientation + 90 degrees, negative the opposite way.
    modulation : {"drift", "counterphase"}
        Counterphase is ``cos(2π ω t) cos(2π f u + φ)``.
    window : Window
        Where it is seen.

    Attributes
    ----------
    packed : bytes
        Its row of `Numbers` as float64: the rows of thousands are joined at once.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, so large that the phase is lost in rounding, or a name unknown.
    """

    orientation: float
    spatial_frequency: float
    phase: float = 0.0
    contrast: float = 1.0
    waveform: str = "sine"
    temporal_frequency: float = 0.0
    modulation: str = "drift"
    window: Window = field(default_factory=Window)
    packed: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("orientation", "phase", "temporal_frequency"):
            object.__setattr__(self, name, finite(name, getattr(self, name)))
        frequency = positive("spatial_frequency", self.spatial_frequency, unit="cycles/deg")
        object.__setattr__(self, "spatial_frequency", frequency)
        object.__setattr__(self, "contrast", fraction("contrast", self.contrast))
        self._refuse_lost_phase()
        one_of("waveform", self.waveform, WAVEFORMS)
        one_of("modulation", self.modulation, MODULATIONS)
        object.__setattr__(self, "packed", struct.pack(f"{len(Numbers._fields)}d", *self._row()))

    def _refuse_lost_phase(self) -> None:
        x, y = self.window.position
        spatial = self.spatial_frequency * max(abs(x), abs(y), 1.0)
        turns = max(abs(self.orientation), abs(self.phase)) / 360
        if max(spatial, turns, abs(self.temporal_frequency)) <= MOST_CYCLES:
            return
        for name, cycles in (
            ("orientation", self.orientation / 360),
            ("phase", self.phase / 360),
            ("temporal_frequency", self.temporal_frequency),
            ("spatial_frequency", spatial),
        ):
            if abs(cycles) > MOST_CYCLES:
                raise ValueError(
                    f"{name} is {getattr(self, name):g} at position {self.window.position}; beyond {MOST_CYCLES:g} "
                    "cycles (of an angle, in a second, in a degree, from the origin) a phase is lost in rounding. "
                    "Lower it, or come nearer."
                )

    def _row(self) -> tuple[float, ...]:
        (kx, ky), (px, py) = self.wave_vector, self.window.position
        turn = 2 * math.pi
        kinds = float(self.waveform == "square"), float(self.modulation == "counterphase")
        phi, omega = math.radians(self.phase), turn * self.temporal_frequency
        return (turn * kx, turn * ky, px, py, self.contrast, phi, omega, *kinds)

    @property
    def wave_vector(self) -> tuple[float, float]:
        """(x, y) parts of the spatial frequency along u, cycles/degree."""
        theta = math.radians(self.orientation)
        return -self.spatial_frequency * math.sin(theta), self.spatial_frequency * math.cos(theta)

    @property
    def phase_at_origin(self) -> float:
        """Phase in degrees at (0, 0), where `phase` is that at the window's position."""
        (kx, ky), (x, y) = self.wave_vector, self.window.position
        return self.phase - 360 * (kx * x + ky * y)

    @property
    def direction(self) -> float:
        """Direction of motion in degrees: orientation + 90, or − 90 for a negative temporal frequency."""
        if self.temporal_frequency == 0:
            raise ValueError(
                f"a static grating (orientation {self.orientation:g}, temporal_frequency 0) has no direction. "
                "Give it a temporal_frequency, or ask for 'orientation'."
            )
        if self.modulation == "counterphase":
            raise ValueError("a counterphase grating has two directions; `moving` returns a component for each.")
        return self.orientation + math.copysign(90.0, self.temporal_frequency)

    def moving(self) -> tuple[Component, ...]:
        """Return the drifting gratings of which it is made: itself, or two opposite ones of half contrast."""
        if self.contrast == 0:
            return ()
        if self.modulation == "drift" or self.temporal_frequency == 0:
            return (self,)
        half, hz = self.contrast / 2, self.temporal_frequency
        return tuple(replace(self, modulation="drift", contrast=half, temporal_frequency=w) for w in (hz, -hz))

    def same_wave(self, other: Component) -> bool:
        """Say whether both are parts of one wave, so that their contrasts add; (θ + 180, −φ, −ω) is the same."""
        if (self.waveform, self._counterphase) != (other.waveform, other._counterphase):
            return False
        mine, theirs = np.array(self.wave_vector), np.array(other.wave_vector)
        for sign in (1, -1):
            apart = (self.phase_at_origin - sign * other.phase_at_origin + 180) % 360 - 180
            if (
                np.abs(mine - sign * theirs).max() <= SAME_FREQUENCY
                and abs(apart) <= SAME_PHASE_DEG
                and self._same_rate(other, sign)
            ):
                return True
        return False

    @property
    def _counterphase(self) -> bool:
        return self.modulation == "counterphase" and self.temporal_frequency != 0

    def _same_rate(self, other: Component, sign: int) -> bool:
        mine, theirs = self.temporal_frequency, sign * other.temporal_frequency
        return abs(mine) == abs(theirs) if self._counterphase else mine == theirs

    def carrier(self, x: Array, y: Array, t: float) -> Array:
        """Return the unwindowed grating of contrast 1.

        Parameters
        ----------
        x, y : ndarray
            Degrees; they broadcast together.
        t : float
            Seconds.

        Returns
        -------
        ndarray
            Values in [−1, 1].
        """
        theta, phi = math.radians(self.orientation), math.radians(self.phase)
        x, y = x - self.window.position[0], y - self.window.position[1]
        u = -x * math.sin(theta) + y * math.cos(theta)
        cycles = self.temporal_frequency * t
        if self._counterphase:
            return math.cos(2 * math.pi * cycles) * self._wave(2 * math.pi * self.spatial_frequency * u + phi)
        return self._wave(2 * math.pi * (self.spatial_frequency * u - cycles) + phi)

    def _wave(self, angle: Array) -> Array:
        cosine = np.cos(angle)
        if self.waveform == "sine":
            return cosine
        return np.where(np.abs(cosine) < ZERO_OF_COSINE, 0.0, np.sign(cosine))
