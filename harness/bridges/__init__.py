"""Harness models in the frameworks that people use, and theirs as harness models."""
