"""The specification's own design, written as its document shows it, to be compared with.

FastAPI, SQLAlchemy and psycopg2; for each request one insert, one upsert of the funnel and
one commit. Names, columns, statements and rules are the document's, its faults included. Not
from the document, and each in this design's favour where it can be: uvicorn on uvloop and
httptools without an access log; one commit a request, where the document's
update_conversion_funnel makes a second one; gen_random_uuid(), which needs no extension. Its
stage_mapping knows only events whose type is a stage's own name; here its "Standard Funnel"
decides too, and an event that reaches no stage costs no upsert.
"""
