"""A folder for PYTHONPATH: what is in it runs when Python starts."""
