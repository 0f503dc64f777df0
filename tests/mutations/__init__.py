"""Weakens what is deployed in every way it can: `make mutations`, no test of the suite."""
