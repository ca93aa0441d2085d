"""The demo: an invented organisation, its mailbox, and one-time codes for those who sign in."""
