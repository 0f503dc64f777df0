"""Random documents against the policy pack; apart from the test suite, for it takes a minute."""
