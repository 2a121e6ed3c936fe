"""What shopchat costs, as ratios to references measured in the same run.

``python -m benchmarks`` lists the benchmarks, ``python -m benchmarks polling --json`` prints one JSON object. They start
their own servers on loopback, stop only those, and need nothing but Python packages. Figures depend on the machine;
ratios carry over.
"""
