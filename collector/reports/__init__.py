"""The questions that marketers ask of the data, and their answers (docs/reports.md).

A question is a file of db/reports: SQL, and a header that says what it answers. catalog.py reads
them, period.py and filters.py read what a person asks for, statement.py makes the one statement
of it, ask.py runs it, and answer.py holds what comes back: page, command, JSON and CSV are made
of the same Answer.
"""
