"""Equations of the contextual circuit, an extension of that of Mély, Linsley & Serre (2018): parameters and wiring.

    eta dI/dt = −epsilon² I + [ xi X − (alpha I + mu) U − (beta I + nu) T^qT ]_+
    tau dO/dt = −sigma²  O + [ zeta I + gamma P^qP G + delta Q + gO N − thO ]_+

X  afferent drive     I  input stage ("inhibited")     O  output stage
U  untuned suppression: mean of O over features, same cell
T  tuned suppression: far ring of O, over features a Gaussian of width sT
P  tuned facilitation: near ring of I, over features a Gaussian of width sP
Q  broad facilitation: Gaussian of width omega over features of I, same cell
N  recurrent excitation: near ring of O, same feature
G  gate of P: 1, or the unit's own I
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from insilico.circuits.two_stage_equations import Wiring, check_numbers, coefficients_of
from insilico.pools import Ring, circulant, gaussian_over_features, soft_ring

MODEL_VERSION = 2  # of the equations: raised whenever they change, so that no finished start of others is taken
LESIONS = ("P", "Q", "T", "U", "N", "untuned_P", "untuned_T")


@dataclass(frozen=True, kw_only=True)
class ContextualParameters:
    """Parameters of the circuit; at the defaults it is the published circuit of 2018.

    Parameters
    ----------
    tau, eta
        Time constants of O and of I, in the circuit's unit of time; > 0.
    sigma, epsilon
        Square roots of the leaks of O and of I; > 0.
    xi
        Gain of the afferent drive X onto I.
    zeta
        Gain of I onto O, same cell and feature.
    gamma, delta
        Gains of the facilitations P and Q.
    alpha, mu
        Divisive and subtractive suppression by the untuned pool U.
    beta, nu
        Divisive and subtractive suppression by the tuned far pool T.
    omega
        Standard deviation of the Gaussian of Q, as a fraction of the whole feature range; > 0.
    thO
        Threshold of the output stage.
    sP, sT
        Standard deviations over features of P and of T, as fractions of the whole feature range; 0: same feature only.
    qP, qT
        Exponents of the pools P and T; > 0.
    gO
        Gain of the recurrent excitation N.
    rC, rP
        Half-widths in cells of the near ring: of the core that it leaves out, 0 for the own cell only, and of the
        whole; real-valued, 0 <= rC < rP.
    rTin, rT
        The same for the far ring.
    soft
        Largest relative change of these half-widths, over which both rings are averaged; 0 (sharp) <= soft < 1.
    gated
        True if the facilitation P multiplies the unit's own I (G = I), so that it cannot drive a unit that has no input
        of its own; False if it adds (G = 1), as in 2018.
    rX
        Half-width in cells of the square over which the afferents average contrast, a receptive field; 0: own cell.
    c50, n
        Semi-saturation contrast, > 0, inf for none, and exponent, > 0, of the afferents. Read by the encoder only.
    continuous
        False if the feature axis has no order (colour channels): Gaussians over it weight all other channels alike.
    closed
        True if the channels divide a circular range evenly: widths over features are then the same for any number of
        them. False: both ends of the range are channels, as in 2018.
    """

    tau: float = 6.0
    sigma: float = 0.5
    eta: float = 6.0
    epsilon: float = 0.5
    xi: float = 4.5
    zeta: float = 0.0
    gamma: float = 1.0
    delta: float = 1.0
    alpha: float = 1.0
    mu: float = 1.0
    beta: float = 3.0
    nu: float = 0.3
    omega: float = 0.15
    thO: float = 0.0
    sP: float = 0.0
    sT: float = 0.0
    qP: float = 1.0
    qT: float = 1.0
    gO: float = 0.0
    rC: float = 0.0
    rP: float = 4.0
    rTin: float = 4.0
    rT: float = 14.0
    soft: float = 0.0
    gated: bool = False
    rX: float = 0.0
    c50: float = math.inf
    n: float = 1.0
    continuous: bool = True
    closed: bool = False

    def __post_init__(self) -> None:
        check_numbers(self, unbounded=("c50", "n"))
        if not self.c50 > 0:
            raise ValueError(f"c50 = {self.c50}: must be > 0, a contrast; inf leaves the afferents linear.")
        if not (math.isfinite(self.n) and self.n > 0):
            raise ValueError(f"n = {self.n}: must be finite and > 0; 1 leaves the contrast as it is.")
        if self.soft >= 1:
            raise ValueError(f"soft = {self.soft}: must be a fraction, 0 <= soft < 1; 0 makes the rings sharp.")
        for core, whole in (("rC", "rP"), ("rTin", "rT")):
            inner, outer = getattr(self, core), getattr(self, whole)
            if not inner < outer:
                raise ValueError(
                    f"{core} = {inner}, {whole} = {outer}: must be 0 <= {core} < {whole}, half-widths in cells; lower "
                    f"{core} or raise {whole}."
                )

    @property
    def near(self) -> Ring:
        """Ring of P and N."""
        return soft_ring(outer=self.rP, inner=self.rC, spread=self.soft)

    @property
    def far(self) -> Ring:
        """Ring of T."""
        return soft_ring(outer=self.rT, inner=self.rTin, spread=self.soft)


def wired(
    parameters: ContextualParameters, shape: tuple[int, int, int], *, lesions: Collection[str], boundary: str
) -> Wiring:
    """Return the wiring of a circuit of (y, x, feature) units, without the mechanisms named in `lesions`."""
    p, (height, width, n_features) = parameters, shape
    side = 2 * max(p.near.reach, p.far.reach) + 1
    if side > min(height, width):
        raise ValueError(
            f"rP = {p.rP}, rT = {p.rT}, soft = {p.soft}: the rings reach over {side} cells on a sheet of {height} x "
            f"{width}; take a larger sheet or smaller rings."
        )

    def across(width_: float) -> np.ndarray:
        return circulant(gaussian_over_features(n_features, width_, continuous=p.continuous, closed=p.closed))

    return Wiring(
        coefficients=coefficients_of(p, lesions=lesions),
        near=p.near,
        far=p.far,
        across=across(p.omega),
        across_P=across(p.sP) if p.sP else None,
        across_T=across(p.sT) if p.sT else None,
        gated=p.gated,
        untuned_P="untuned_P" in lesions,
        untuned_T="untuned_T" in lesions,
        boundary=boundary,
    )
