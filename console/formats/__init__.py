"""How dates and times are written, where that differs from Django's way."""
