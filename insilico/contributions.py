"""What each mechanism contributes to a unit: the terms of the circuit's equations, at each time that is recorded.

    contribution (stimulus[, time], mechanism, unit)

A contribution is signed, so that those of a unit sum to what the rectifier of its population is given (without what
perturbations add). A mechanism of the other population contributes 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr

from insilico.circuit import AbstractCircuit, Mechanism, State
from insilico.units import STIMULUS, TIME, UNIT

MECHANISM = "mechanism"
Terms = Callable[[np.ndarray, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def refuse_unknown_mechanisms(circuit: AbstractCircuit) -> None:
    """Raise ValueError for a circuit that does not tell its mechanisms apart."""
    if not circuit.mechanisms:
        raise ValueError(
            f"mechanisms = True: {circuit.name} does not tell its mechanisms apart; mely2018 and contextual do. "
            "Record without, Recording(mechanisms=False)."
        )


def with_contributions(data: xr.Dataset, state: State, terms: Terms, mechanisms: Sequence[Mechanism]) -> xr.Dataset:
    """Return the recorded units of a state together with what each mechanism contributes to them.

    Parameters
    ----------
    data
        Result of `insilico.units.recorded`.
    state
        What the circuit does.
    terms
        terms(drive, activity by population) returns each mechanism's term, all (y, x, feature).
    mechanisms
        Of the circuit; those of populations that are not recorded are left out.
    """
    units = [data[name].values for name in ("row", "column", "channel")]
    population = data["population"].values
    kept = [m for m in mechanisms if m.population in population]
    over_time = TIME in data.dims
    n_times = data.sizes[TIME] if over_time else 1
    values = np.zeros((data.sizes[STIMULUS], n_times, len(kept), data.sizes[UNIT]))
    for i, drive in enumerate(state.drive):
        for t in range(n_times):
            activity = {name: s[i, t] if over_time else s[i] for name, s in state.populations.items()}
            found = terms(drive, activity)
            for j, mechanism in enumerate(kept):
                values[i, t, j] = np.where(population == mechanism.population, found[mechanism.term][tuple(units)], 0.0)
    plain = {"units": "1"}
    return data.assign(
        contribution=(
            (STIMULUS, TIME, MECHANISM, UNIT) if over_time else (STIMULUS, MECHANISM, UNIT),
            values if over_time else values[:, 0],
            plain | {"long_name": "contribution"},
        )
    ).assign_coords(
        {
            MECHANISM: (MECHANISM, [m.term for m in kept], plain | {"long_name": "term of the equations"}),
            "mechanism_name": (MECHANISM, [m.name for m in kept], plain),
            "mechanism_population": (MECHANISM, [m.population for m in kept], plain),
        }
    )
