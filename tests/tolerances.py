"""Every tolerance of the suite that is not the rounding of one operation, with its reason."""

PUBLISHED_SCORE = 1e-5  # an independent float64 implementation of the published integration agrees to this
HONEST_SCORE = 5e-3  # two independent implementations of encoder and steady state agree to .001; the bar is .005
NULL_SCORE = 1e-2  # nulls interpolate over channels, which may be placed differently
CEILING = 1e-3  # cards state ceilings to three digits
SHAPE_CORRELATION = 0.98  # population code against energy model, widths matched: same shape, not same filter
FIT = 2e-3  # relative; shipped fits are rounded to four digits
SHIFT = 2e-2  # degrees; published shifts are stated to two digits
