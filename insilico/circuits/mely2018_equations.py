"""Equations of the contextual circuit of Mély, Linsley & Serre (2018): parameters and wiring.

    eta dI/dt = −epsilon² I + [ xi X − (alpha I + mu) U − (beta I + nu) T ]_+
    tau dO/dt = −sigma²  O + [ zeta I + gamma P + delta Q ]_+

X  afferent drive     I  input stage ("inhibited")     O  output stage
U  untuned suppression: mean of O over features, same cell           T  tuned suppression: far ring of O, same feature
P  tuned facilitation: near ring of I, same feature                  Q  broad facilitation: Gaussian over features of I

They are those of `two_stage_equations` without the extensions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from insilico.circuits.two_stage_equations import Wiring, check_numbers, coefficients_of
from insilico.pools import circulant, gaussian_over_features, hard_ring

LESIONS = ("P", "Q", "T", "U", "untuned_P", "untuned_T")


@dataclass(frozen=True, kw_only=True)
class Mely2018Parameters:
    """Parameters of the circuit; the defaults are the published ones.

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
    srf, ssn, ssf
        Sides, in cells, of the classical field, of the near surround and of the far surround; odd, srf < ssn < ssf.
    continuous
        False if the feature axis has no order (colour channels): Q weights all other channels alike.

    References
    ----------
    Mély, Linsley & Serre 2018, Psychological Review 125, 769-784.
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
    srf: int = 1
    ssn: int = 9
    ssf: int = 29
    continuous: bool = True

    def __post_init__(self) -> None:
        check_numbers(self)
        sides = (self.srf, self.ssn, self.ssf)
        if not (all(side == int(side) and side % 2 == 1 for side in sides) and 1 <= self.srf < self.ssn < self.ssf):
            raise ValueError(
                f"srf, ssn, ssf = {sides}: must be odd integers, 1 <= srf < ssn < ssf (published: 1, 9, 29)."
            )


def wired(
    parameters: Mely2018Parameters, shape: tuple[int, int, int], *, lesions: Collection[str], boundary: str
) -> Wiring:
    """Return the wiring of a circuit of (y, x, feature) units, without the mechanisms named in `lesions`."""
    p, (height, width, n_features) = parameters, shape
    if p.ssf > min(height, width):
        raise ValueError(
            f"ssf = {p.ssf} cells on a sheet of {height} x {width}: the far ring must not be wider than the sheet; "
            "take a larger sheet or a smaller ssf."
        )
    return Wiring(
        coefficients=coefficients_of(p, lesions=lesions),
        near=hard_ring(outer=p.ssn, inner=p.srf),
        far=hard_ring(outer=p.ssf, inner=p.ssn),
        across=circulant(gaussian_over_features(n_features, p.omega, continuous=p.continuous)),
        untuned_P="untuned_P" in lesions,
        untuned_T="untuned_T" in lesions,
        boundary=boundary,
    )
