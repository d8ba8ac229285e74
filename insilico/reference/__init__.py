"""Published data: one table and one card per data set; see `load_reference`."""
