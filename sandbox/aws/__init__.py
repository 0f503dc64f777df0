"""The AWS stand-in: a Pulumi resource provider for local accounts.

It manages the IAM types of this program on an AWS API server on loopback, refuses what AWS refuses even where that
server is lenient, and reaches no other address. `python -m sandbox.aws <engine address>` starts it.

Of the environment it reads, besides what AWS clients read:

- AWS_ENDPOINT_URL: the API server, required, on loopback;
- DELEGATION_CALL_LOG: a file that gets one line for each API call which the real provider would make too;
- DELEGATION_TRUST_POLICY_QUOTA: the local accounts' quota for a trust policy, 2048 to 8192 characters, 2048 unless set.
"""
