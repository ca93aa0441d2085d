"""British English, with the clock that help desks write into tickets."""

DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
