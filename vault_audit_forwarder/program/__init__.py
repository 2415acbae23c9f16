"""What both programs share in how they start: configuration, logs, command line."""
