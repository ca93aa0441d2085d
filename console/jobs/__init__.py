"""The pages of what the worker does for somebody: asked for, looked at, taken back."""
