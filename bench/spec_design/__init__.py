"""The original's backend (docs/contract.md), written as it was described, to compare with.

FastAPI, SQLAlchemy and psycopg2; for each request one insert, one upsert of the funnel and
one commit. Names, columns, statements and rules are the description's, its faults included. Not
from the description, and each in this design's favour where it can be: uvicorn on uvloop and
httptools without an access log; one commit a request, where the description's
update_conversion_funnel makes a second one; gen_random_uuid(), which needs no extension. Its
stage_mapping knows only events whose type is a stage's own name; here its "Standard Funnel"
decides too, and an event that reaches no stage costs no upsert.
"""
