"""The commands, one a module: arguments, and what is shown of what the modules of `access` compute."""
