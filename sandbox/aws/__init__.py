"""The AWS stand-in: a Pulumi resource provider for local accounts, started as `python -m sandbox.aws <engine address>`.

It manages the IAM types of this program on an AWS API server on loopback, refuses what AWS refuses even where that server
is lenient, and reaches no other address.
"""
