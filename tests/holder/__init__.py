"""The account holder's way back in, played through the pages and asked of the domain."""
