"""The status page: what somebody on call needs to see, and the few things they need
to do.

Made of the same documents that the API answers with, written out on the server, and
whole without JavaScript. Nothing on it comes from elsewhere, and no value of a secret
is known here.
"""
