"""The running service: ledger, fetch, classify, publish, and the `offsample` command line."""
