"""The dashboard: reports as pages, JSON and CSV, in a process of its own (docs/dashboard.md).

routes.py says which address is answered where and who may ask. view.py reads addresses, asking.py
asks Postgres within a limit, pages.py makes pages of the answers, store.py holds what people save,
error_answers.py is the one place where errors become HTTP, headers.py that of the headers.
"""
