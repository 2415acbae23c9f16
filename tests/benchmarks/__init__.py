"""How fast, compared with a yardstick that is measured in the same run."""
