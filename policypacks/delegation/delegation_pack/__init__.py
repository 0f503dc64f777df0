"""The policy pack's package: the analysis of IAM documents, and the policies that ask it."""
