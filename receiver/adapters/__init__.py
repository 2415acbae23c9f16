"""Where the outside begins: one file for each thing that we talk to."""
