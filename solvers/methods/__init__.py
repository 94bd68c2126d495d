"""Numerics that two or more systems share."""
