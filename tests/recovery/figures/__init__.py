"""The figures behind the pictures, against computations that are slow and obvious."""
