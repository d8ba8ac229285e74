"""The circuit of Mély, Linsley & Serre (2018) as one of the laboratory's models; arrays in `mely2018`."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from insilico.circuit import Mechanism
from insilico.circuits import mely2018
from insilico.circuits.two_stage import Activity
from insilico.circuits.two_stage_circuit import AbstractTwoStageCircuit
from insilico.circuits.two_stage_equations import Wiring, mechanisms_of


class Mely2018(AbstractTwoStageCircuit):
    """Recurrent centre-surround circuit with untuned (U) and tuned (T) suppression and facilitation (P, Q)."""

    name: ClassVar[str] = "mely2018"
    summary: ClassVar[str] = "recurrent centre-surround circuit of Mély, Linsley & Serre (2018)"
    citation: ClassVar[str] = (
        "Mély DA, Linsley D, Serre T (2018) Complementary surrounds explain diverse contextual phenomena across visual "
        "modalities. Psychol Rev 125:769-784. doi:10.1037/rev0000109"
    )
    parameters_class: ClassVar[type] = mely2018.Mely2018Parameters
    lesions: ClassVar[tuple[str, ...]] = mely2018.LESIONS
    arrays_steady_state: ClassVar[Callable[..., Activity]] = staticmethod(mely2018.steady_state)
    arrays_simulate: ClassVar[Callable[..., Activity]] = staticmethod(mely2018.simulate)
    mechanisms: ClassVar[tuple[Mechanism, ...]] = mechanisms_of(mely2018.Mely2018Parameters)
    wired: ClassVar[Callable[..., Wiring]] = staticmethod(mely2018.wired)


CIRCUIT = Mely2018()
