"""The Kong plugin `conversion-tracking`: CORS at the gateway, and the signed stamp on requests.

`origins`, `cors` and `stamp` are pure decisions, `plugin` is the phase handler that Kong calls,
`schema` its configuration, `guards` and `server` the process that Kong talks to.
"""
