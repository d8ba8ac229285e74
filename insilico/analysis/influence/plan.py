"""How large an influence experiment is: fields, targets, trials, sham trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stimuli.doors import door


@door
@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """How many trials an experiment has; stimuli are shown equally often, to within one trial.

    Parameters
    ----------
    trials
        For each target, all stimuli together.
    sham_trials
        For each field, all stimuli together: trials with the light on no cell.
    """

    trials: int
    sham_trials: int

    def __post_init__(self) -> None:
        """Refuse an empty experiment."""
        for name in ("trials", "sham_trials"):
            value = getattr(self, name)
            if int(value) != value or value < 1:
                raise ValueError(f"{name} is {value}: must be a whole number of 1 or more.")

    def counts(self, n_targets: int, n_stimuli: int) -> np.ndarray:
        """Return the trials of each target with each stimulus, shape (n_targets, n_stimuli)."""
        return _spread(self.trials, n_targets, n_stimuli)

    def sham_counts(self, n_stimuli: int) -> np.ndarray:
        """Return a field's sham trials with each stimulus, shape (n_stimuli,); each at least one."""
        if self.sham_trials < n_stimuli:
            raise ValueError(
                f"sham_trials is {self.sham_trials}: must be {n_stimuli} or more, one for each stimulus, "
                "whose mean is taken from the trials with that stimulus."
            )
        return _spread(self.sham_trials, 1, n_stimuli)[0]


@door
@dataclass(frozen=True, kw_only=True)
class ExperimentSize:
    """How large an experiment is.

    Parameters
    ----------
    n_fields, n_targets
        Fields, and targets in each.
    plan
        Trials of each target and sham trials of each field.
    """

    n_fields: int
    n_targets: int
    plan: TrialPlan

    def __post_init__(self) -> None:
        """Refuse an experiment whose variance cannot be estimated."""
        if self.n_fields < 2 or self.n_targets < 1:
            raise ValueError(
                f"{self.n_fields} fields of {self.n_targets} targets: two fields and one target are the least."
            )

    def to_dict(self) -> dict[str, int]:
        """Return the four numbers, for the attributes of a table."""
        return {
            "n_fields": self.n_fields,
            "n_targets": self.n_targets,
            "trials": self.plan.trials,
            "sham_trials": self.plan.sham_trials,
        }


def _spread(total: int, rows: int, columns: int) -> np.ndarray:
    whole, rest = divmod(int(total), columns)
    turn = (np.arange(columns)[None, :] - np.arange(rows)[:, None]) % columns
    return whole + (turn < rest).astype(int)
