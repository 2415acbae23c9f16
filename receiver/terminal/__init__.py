"""What the commands print: a document in, text out. Nothing here does any I/O."""
