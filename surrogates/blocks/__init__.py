"""Deep-learning blocks: one idea and one reference per file, torch only."""
