"""A shop that has put models of its own in the place of Salesman's."""
