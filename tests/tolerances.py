"""Every tolerance of the suite that is not the rounding of one operation, with its reason."""

PUBLISHED_SCORE = 1e-5  # an independent float64 implementation of the published integration agrees to this
HONEST_SCORE = 5e-3  # two independent implementations of encoder and steady state agree to .001; the bar is .005
NULL_SCORE = 1e-2  # nulls interpolate over channels, which may be placed differently
CEILING = 1e-3  # cards state ceilings to three digits
SHAPE_CORRELATION = 0.98  # population code against energy model, widths matched: same shape, not same filter
FIT = 2e-3  # relative; shipped fits are rounded to four digits
SHIFT = 2e-2  # degrees; published shifts are stated to two digits
LOOSE_RATE = 0.03  # rates of 300 simulated experiments: four binomial standard deviations from .05 to .10
SIMULATED_COVARIANCE = 0.06  # relative to the largest variance; 6,000 draws know a variance to 2 %
SIMULATED_SE = 0.14  # relative; the s.d. of 300 experiments is known to 4 %: over three standard deviations
SIMULATED_POWER = 0.1  # power in 300 experiments: over three binomial standard deviations at .5
CHANNEL_STEP = 0.5  # degrees; a half width read between channels 5 deg apart, linearly
FOLDED_RUN = 1e-7  # relative to the largest response; both paths stop at a residual of 1e-9 per unit time
