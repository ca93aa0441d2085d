"""The account holder's own pages: what a request asks for, and the one call that does it."""
