"""Systems (the physics) and solvers (the numerics). Nothing here knows of files or networks."""
