"""The reports, against slow and obvious computations."""
