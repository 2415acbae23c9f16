"""Why is my secret not there? One answer with its evidence.

``gathering`` finds out what can be known (rules, journal, queue, forwarders, and Vault
and AWS now, within a time limit), ``diagnosis`` judges it, ``document`` tells it. All
but the gathering is pure. Nothing is changed, and no value is read.
"""
