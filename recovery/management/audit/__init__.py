"""What `manage.py audit` can do: a module each, with its help, its arguments and one call."""
