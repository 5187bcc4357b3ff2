"""What the line asks of the world: small Protocols and the values they exchange.

Floor 2. Content without Rx. Backends implement these; operators are handed functions that speak them; only
``pipeline/`` knows both.
"""
