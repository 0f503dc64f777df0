"""The AWS stand-in: a Pulumi resource provider for local accounts.

It manages the IAM types of this program on an AWS API server on loopback, refuses what AWS refuses even where that
server is lenient, and reaches no other address. `python -m sandbox.aws <engine address>` starts it.
"""
