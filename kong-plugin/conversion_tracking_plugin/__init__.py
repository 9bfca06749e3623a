"""The Kong plugin `conversion-tracking`: CORS at the gateway, and the signed stamp on requests.

`origins`, `cors` and `stamp` are pure decisions, `plugin` is the phase handler that Kong calls,
`kong` what it calls there, `schema` its configuration, `server` the command; `hosts` are other
plugin servers than our own.
"""
