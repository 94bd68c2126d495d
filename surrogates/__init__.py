"""Models that learn a solver's answers. One file, one surrogate; none knows which system it serves."""
