"""The fixed point of a circuit under one stimulus: where it is, how it was found, whether it is stable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from insilico.equations import Equations, Linearization, Populations
from insilico.influence import krylov
from insilico.influence.blocks import Blocks
from insilico.influence.newton import MAX_STEPS, RELAXED, allowed, newton, residual_of


class NoFixedPointError(ValueError):
    """A circuit has no stable fixed point to speak of, under a stimulus or under a drive."""


@dataclass(frozen=True, kw_only=True)
class FixedPoint:
    """A fixed point, and the circuit near it.

    Parameters
    ----------
    equations
        The circuit under one stimulus.
    state
        One array (y, x, feature) per population.
    residual
        Largest |ds/dt|.
    converged
        Whether that is as small as was asked for.
    blocks
        The circuit near it, frequency by frequency; None unless sheet and state are uniform.
    """

    equations: Equations
    state: Populations
    residual: float
    converged: bool
    blocks: Blocks | None

    @cached_property
    def linear(self) -> Linearization:
        """The circuit near it."""
        return self.equations.linearized(self.state)

    @cached_property
    def largest_eigenvalue(self) -> float:
        """Largest real part of the linearized dynamics' spectrum, in 1 / unit of time; −inf without dynamics."""
        return krylov.largest_eigenvalue(self.linear) if self.blocks is None else self.blocks.largest_eigenvalue

    def refuse_unstable(self, label: str) -> None:
        """Raise ValueError unless the fixed point was found and is stable."""
        stable = self.largest_eigenvalue < 0
        if self.converged and stable:
            return
        found = f"residual {self.residual:.2g} per unit time, largest eigenvalue {self.largest_eigenvalue:+.4g}"
        if not self.converged:
            raise NoFixedPointError(
                f"no fixed point under stimulus {label} ({found}): without one there is no influence to speak of. "
                "Change the circuit's parameters, its lesions or the contrast."
            )
        raise NoFixedPointError(
            f"the fixed point under stimulus {label} is unstable, or not known to be stable ({found}): the eigenvalue "
            "must be < 0, or the circuit never rests there. Change its parameters, its lesions or the contrast."
        )


def fixed_point(equations: Equations, *, tol: float, blocks: bool | None = None) -> FixedPoint:
    """Find the fixed point that the circuit settles at, by its own integrator and Newton's method.

    Parameters
    ----------
    equations
        The circuit under one stimulus.
    tol
        Largest |ds/dt| that counts as zero; what rounding leaves is allowed in any case.
    blocks
        Whether to use that sheet and state are uniform; None: where they are. True where they are not raises
        ValueError.
    """
    if blocks and not equations.is_uniform:
        raise ValueError(
            "method 'blocks' needs a periodic sheet with the same drive everywhere (a full-field stimulus, "
            "boundary='periodic', no perturbation of single units): use method 'gmres', or 'auto'."
        )
    if equations.is_uniform and blocks is not False:
        return _uniform(equations, tol)
    start = equations.settled(tol=RELAXED, max_steps=MAX_STEPS)

    def solver(linear: Linearization, right: Populations, share: float) -> Populations:
        return krylov.solved(linear, right, tol=share)

    state, residual = newton(equations, start, solver, tol=tol, relax=False)
    return FixedPoint(
        equations=equations, state=state, residual=residual, converged=residual <= allowed(state, tol), blocks=None
    )


def _uniform(equations: Equations, tol: float) -> FixedPoint:
    """Find it at one place, which stands for all."""
    place = equations.at_one_place()
    start = place.settled(tol=RELAXED, max_steps=MAX_STEPS)

    def solver(linear: Linearization, right: Populations, _: float) -> Populations:
        return Blocks(linear, (1, 1)).solved(right)

    state, _ = newton(place, start, solver, tol=tol, relax=False)
    everywhere = tuple(np.ascontiguousarray(np.broadcast_to(s, equations.shape)) for s in state)
    residual = residual_of(equations.rates(everywhere))
    return FixedPoint(
        equations=equations,
        state=everywhere,
        residual=residual,
        converged=residual <= allowed(state, tol),
        blocks=Blocks(place.linearized(state), equations.shape[:2]),
    )
