"""What is measured: two things side by side in one run, told as a ratio of medians."""
