"""One question per file: the comparison of surrogates with solvers, and the command line."""
