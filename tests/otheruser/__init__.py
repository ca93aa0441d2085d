"""A user model that shares as little as it can with Django's own."""
