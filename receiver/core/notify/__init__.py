"""Who is told of what, and when: decided here, without clock, network or file."""
