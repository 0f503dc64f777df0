"""Who can get in where: access queries answered from Pulumi's states and plans, without AWS credentials.

Every verdict is that of the policy pack's IAM analysis.
"""
