"""The least that the rules need, in Vault and in AWS: pure, and one place for all.

The command ``policy`` prints it, and whoever sets up a Vault or an account uses the
same functions. What is granted is what the adapters call; tests hold the two together.
"""
