"""The site that is put under faults: the suite's project without a store, as a shop would run it."""
