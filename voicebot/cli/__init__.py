"""The `voicebot` command: one file per subcommand."""
