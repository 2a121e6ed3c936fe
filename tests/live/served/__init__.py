"""The suite's project as a server of its own, on the very database that the test writes to."""
