"""Training sets on disk: the layout, its checker, the generator, and tasks that make pairs from them."""
