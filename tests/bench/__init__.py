"""What a sync costs, beside a floor that does the same work by hand. Run ``python -m tests.bench.sync``.

Figures are ratios and costs a unit, taken in the same run: seconds alone say more of the machine than of the code.
"""
