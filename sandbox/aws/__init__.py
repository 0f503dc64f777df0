"""The AWS stand-in: a Pulumi resource provider for local accounts.

It manages the IAM types of this program on an AWS API server on loopback, as the real provider does, and reaches no
other address. What AWS refuses, that server refuses (`sandbox.refusals`).
`python -m sandbox.aws <engine address>` starts it; one process can answer several engines.

Of the environment it reads, besides what AWS clients read:

- AWS_ENDPOINT_URL: the API server, required, on loopback;
- DELEGATION_CALL_LOG: a file that gets one line for each API call.
"""
