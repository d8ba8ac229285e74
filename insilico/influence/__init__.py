"""Fixed points of a circuit and what a small or a finite drive to one unit does to all others; arrays, no labels."""
