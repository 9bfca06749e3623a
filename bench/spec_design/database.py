"""SQLAlchemy as FastAPI's own documentation sets it up: a session a request."""

import os
from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine(os.environ["DATABASE_URL"])
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)


def get_db() -> Iterator[Session]:
    """A session for one request."""
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
