"""What an operator does beside deploying: add a target account, take over what exists, try the door.

Each module is a command of the Makefile. They read the stack files by the program's own rules and change no account.
"""
