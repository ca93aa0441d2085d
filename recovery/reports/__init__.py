"""What can be taken out as a table."""
