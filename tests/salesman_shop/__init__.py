"""A shop on Salesman: its kinds of products, its rules and its ways to pay."""
