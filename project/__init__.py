"""Sparekey as one running site: its settings, its routes, its doors to a server."""
