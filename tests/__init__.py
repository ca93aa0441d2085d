"""The tests of Sparekey; the folders mirror the source."""
