"""`python -m tests.fuzz --n 10000 --seed 0`: try many bad inputs and print how they end."""

from __future__ import annotations

import argparse

from tests.fuzz.campaign import Campaign

parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
parser.add_argument("--n", type=int, default=10_000)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
campaign = Campaign()
campaign.run(options.n, seed=options.seed)
print(campaign.table())
