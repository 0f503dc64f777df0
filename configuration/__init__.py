"""The configuration's values and their rules; it reads no configuration and calls nothing."""
