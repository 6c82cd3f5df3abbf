"""The command line `offsample`: one module a command."""
