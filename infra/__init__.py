"""The AWS CDK app that runs a receiver in AWS. infra/README.md says how."""
