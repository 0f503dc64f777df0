"""What `make bench` measures: figures, each beside what is promised; a benchmark, not a test."""
