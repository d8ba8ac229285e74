"""Sums of stimuli."""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.base import AbstractStimulus
from stimuli.carriers import Component
from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class Superposition(AbstractStimulus):
    """Show several stimuli at once: their contrasts add. ``a + b`` builds one; sums of sums are flat.

    Parameters
    ----------
    parts : tuple of AbstractStimulus
        What is added.

    Raises
    ------
    TypeError, ValueError
        If a part is not a stimulus, or the contrasts exceed 1 at a place.
    """

    parts: tuple[AbstractStimulus, ...]

    def __post_init__(self) -> None:
        parts = tuple(self.parts)
        for part in parts:
            if not isinstance(part, AbstractStimulus):
                raise TypeError(f"a part is a {type(part).__name__}; a stimulus (Grating, Plaid, ...) is needed.")
            if part.draws_itself:
                raise TypeError(
                    f"a part is a {type(part).__name__}, which draws its own image: a sum of components cannot hold "
                    "it. Add up the images in a contrast_image of one stimulus."
                )
        flat = (inner for part in parts for inner in (part.parts if isinstance(part, Superposition) else (part,)))
        object.__setattr__(self, "parts", tuple(flat))
        super().__post_init__()

    def components(self) -> tuple[Component, ...]:
        """Return the components of all parts, in order."""
        return tuple(component for part in self.parts for component in part.scene)
