"""Compiled loops: the only home of numba. Arrays in, arrays out; imported by the functions that use them."""
