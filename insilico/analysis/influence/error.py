"""Variance that trial noise gives a weighted sum of influences, in closed form.

    Var(Σ_kn w_kn y_kn) = Σ_s [ Σ_k (α_ks²/T_ks) X_s,kk  +  (1/M_s) Σ_kk' α_ks α_k's X_s,kk' ]     in each field
    X_s,kk'             = (w_k ∘ u_s)ᵀ C (w_k' ∘ u_s)

α_ks  share of stimulus s in target k's trials, or 1 for its preferred stimulus (test e); T_ks, M_s  trials and sham
trials; u_s  σ_n(s)/σ̄_n; C  correlation of the neurons' noise. X does not depend on the numbers of trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insilico.analysis.influence.plan import TrialPlan
from insilico.analysis.influence.trials import FieldPairs, PairNoise

OVERALL, PREFERRED = "overall", "preferred"


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseForm:
    """Variance that trial noise gives a weighted sum over the pairs of one field, for any number of trials.

    Parameters
    ----------
    products
        X of the legend, shape (stimuli, targets, targets).
    preferred
        Number of each target's preferred stimulus, shape (targets,).
    mode
        "overall" (all stimuli) or "preferred" (the target's own).
    """

    products: np.ndarray
    preferred: np.ndarray
    mode: str = OVERALL

    def parts(self, plan: TrialPlan) -> np.ndarray:
        """Return the variance from the targets' trials, from sham trials within targets, and between them."""
        n_stimuli, n_targets, _ = self.products.shape
        counts = plan.counts(n_targets, n_stimuli).astype(float)
        if self.mode == OVERALL:
            share = counts / counts.sum(axis=1, keepdims=True)
        else:
            share = np.zeros_like(counts)
            share[np.arange(n_targets), self.preferred] = 1.0
            if (counts[share > 0] == 0).any():
                raise ValueError(
                    f"trials is {plan.trials}: test e needs trials with each target's preferred stimulus; "
                    f"give {n_stimuli} or more."
                )
        own = np.diagonal(self.products, axis1=1, axis2=2).T
        each = np.divide(share**2, counts, out=np.zeros_like(counts), where=counts > 0)
        sham = 1 / plan.sham_counts(n_stimuli)
        within = float((share**2 * own * sham).sum())
        shared = np.matmul(self.products, share.T[:, :, None])[..., 0].T
        between = float((share * shared * sham).sum()) - within
        return np.array([float((each * own).sum()), within, between])


def noise_form(field: FieldPairs, weights: np.ndarray, mode: str = OVERALL) -> NoiseForm:
    """Return the form for weights (n_pairs of the field,) on its pairs."""
    dense = np.zeros((len(field.targets), len(field.noise.neurons)))
    dense[field.row, field.column] = weights
    noise = field.noise
    half = (dense[None] * noise.relative_sd[:, None, :]) @ noise.root
    return NoiseForm(products=half @ half.transpose(0, 2, 1), preferred=field.preferred, mode=mode)


def noise_variance(noise: PairNoise, weights: np.ndarray, plan: TrialPlan, mode: str = OVERALL) -> float:
    """Return the variance that trial noise gives Σ_i weights_i y_i, weights (n_pairs,)."""
    bounds = np.cumsum([len(field.row) for field in noise.fields])[:-1]
    pieces = np.split(weights, bounds)
    return sum(
        float(noise_form(f, w, mode).parts(plan).sum()) for f, w in zip(noise.fields, pieces, strict=True) if w.any()
    )
