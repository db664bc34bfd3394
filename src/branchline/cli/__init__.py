"""One file per subcommand; `commands` is the table of them, `dispatch` calls the one asked for."""
