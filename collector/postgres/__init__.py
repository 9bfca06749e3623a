"""The collector's tables: statements, migrations, and whether Postgres can be used."""
