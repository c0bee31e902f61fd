"""One module per command: `add_arguments(parser)` and `execute(arguments) -> exit code`."""
