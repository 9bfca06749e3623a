"""The endpoints. `DATABASE_URL=postgresql+psycopg2://... uvicorn bench.spec_design.app:app`."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from sqlalchemy.orm import Session

from bench.spec_design.database import get_db
from bench.spec_design.schemas import ConversionEventRequest
from bench.spec_design.tracking import track_event

router = APIRouter(prefix="/v1/events")

Database = Annotated[Session, Depends(get_db)]
Answer = dict[str, object]


@router.post("/track")
async def track(event: ConversionEventRequest, request: Request, db: Database) -> Answer:
    """As the description has it: a coroutine that waits for Postgres without yielding."""
    return answer(event, track_event(event, client_ip(request), db))


@router.post("/track-in-threads")
def track_in_threads(event: ConversionEventRequest, request: Request, db: Database) -> Answer:
    """The same as a plain function, which FastAPI runs in one of 40 threads.

    Not in the description, but the first thing that a reader would try.
    """
    return answer(event, track_event(event, client_ip(request), db))


@router.options("/track")
async def track_options() -> Answer:
    """The answer to a preflight that Kong passes on."""
    return {"allow": "POST, OPTIONS"}


def client_ip(request: Request) -> str | None:
    """The peer's address."""
    return request.client.host if request.client else None


def answer(event: ConversionEventRequest, event_id: str) -> Answer:
    """What the tracker is told."""
    message = f"Event '{event.event_name}' tracked successfully"
    return {"success": True, "event_id": event_id, "message": message}


app = FastAPI()
app.add_middleware(
    CORSMiddleware,
    allow_origins=[
        "http://localhost:5177",
        "https://www.ainative.studio",
        "https://ainative.studio",
    ],
    allow_credentials=True,
    allow_methods=["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"],
    allow_headers=["Accept", "Content-Type", "Authorization", "Origin", "X-Requested-With"],
)
app.include_router(router)
