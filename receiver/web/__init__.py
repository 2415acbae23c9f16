"""The receiver's HTTP: events in, answers about what became of them out."""
