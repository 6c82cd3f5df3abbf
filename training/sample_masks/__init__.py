"""How good predicted sample masks are, and how the rule behind them was fitted."""
