"""The subcommands of ``cameo``; each function's signature is its command line."""
