"""Pulumi without an installer, AWS without an account.

Nothing in the program, the components or the policy pack knows of this package: it acts through the environment only.
"""
