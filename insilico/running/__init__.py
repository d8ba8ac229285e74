"""How long work is run and its results are kept: tasks among processes, files written whole."""
