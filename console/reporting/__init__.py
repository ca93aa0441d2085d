"""The pages on which a table is taken out, and the files that leave by them."""
