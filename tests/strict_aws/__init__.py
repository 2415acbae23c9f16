"""A Secrets Manager over HTTP that refuses what AWS refuses.

Moto is kinder than AWS: it has no limits, writes to secrets that are about to be
deleted and shows versions that AWS hides. A product tested against it alone learns of
these at a customer's. The layer changes moto through subclasses in a process of its
own, so plain moto stays plain for everybody else. docs/testing.md says what is proven.
"""
