"""What a comparison decides, without any I/O: cases, differences, plans, orders."""
