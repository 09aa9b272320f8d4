"""What a Python team would write instead: FastAPI, pydantic models, SQLAlchemy's ORM, PostgreSQL; on uvicorn.

A table with a column for each attribute of the first level and indexes for what is filtered by; no notifications, no
patches but merges of whole attributes, no tags. ``benchmarks.team.main`` takes ``--url``, ``--port`` and ``--workers``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Identity, Index, Select, create_engine, func, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["create_app", "fill", "main"]

_PATH = "/customer"
_URL = "TEAM_DATABASE"
_CONNECTIONS = 10
_ROWS_A_STATEMENT = 1000
_ATTRIBUTES = ("name", "status", "statusReason", "engagedParty", "validFor")


class _Base(DeclarativeBase):
    pass


class _Row(_Base):
    __tablename__ = "customer"
    __table_args__ = (Index("customer_start", "start", "position"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    name: Mapped[str] = mapped_column(index=True)
    status: Mapped[str | None]
    statusReason: Mapped[str | None]  # noqa: N815 - as the attribute
    engagedParty: Mapped[dict[str, Any]] = mapped_column(JSONB)  # noqa: N815
    validFor: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # noqa: N815
    start: Mapped[datetime | None]


class _Period(BaseModel):
    startDateTime: datetime | None = None  # noqa: N815
    endDateTime: datetime | None = None  # noqa: N815


class _Party(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str


class _Sent(BaseModel):
    name: str
    status: str | None = None
    statusReason: str | None = None  # noqa: N815
    engagedParty: _Party  # noqa: N815
    validFor: _Period | None = None  # noqa: N815


class _Patch(BaseModel):
    name: str | None = None
    status: str | None = None
    statusReason: str | None = None  # noqa: N815
    validFor: _Period | None = None  # noqa: N815


class _Filters(BaseModel):
    name: str | None = None
    status: str | None = None
    earliest: datetime | None = Field(None, alias="validFor.startDateTime.gte")
    latest: datetime | None = Field(None, alias="validFor.startDateTime.lte")
    fields: str | None = None
    offset: int = 0
    limit: int = 1000


async def _opened(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


_Opened = Annotated[AsyncSession, Depends(_opened)]


def create_app(url: str) -> FastAPI:
    """Return the application on the database at *url*."""
    engine = create_async_engine(_driver(url), pool_size=_CONNECTIONS, max_overflow=0)
    app = FastAPI()

    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def found(session: AsyncSession, identifier: str) -> _Row:
        row = await session.get(_Row, identifier)
        if row is None:
            raise HTTPException(404, "there is no such customer")
        return row

    @app.get(_PATH)
    async def list_customers(session: _Opened, asked: Annotated[_Filters, Query()], response: Response) -> Any:
        total = await session.scalar(_filtered(select(func.count()).select_from(_Row), asked))
        page = _filtered(select(_Row), asked).order_by(_Row.position).offset(asked.offset).limit(asked.limit)
        response.headers["X-Total-Count"] = str(total)
        return [_shown(row, asked.fields) for row in await session.scalars(page)]

    @app.post(_PATH, status_code=201)
    async def create_customer(session: _Opened, sent: _Sent, response: Response) -> Any:
        row = _Row(id=str(uuid4()), **_columns(sent.model_dump(mode="json", exclude_unset=True)))
        session.add(row)
        await session.commit()
        response.headers["Location"] = f"{_PATH}/{row.id}"
        return _shown(row)

    @app.get(f"{_PATH}/{{identifier}}")
    async def retrieve_customer(session: _Opened, identifier: str, fields: str | None = None) -> Any:
        return _shown(await found(session, identifier), fields)

    @app.patch(f"{_PATH}/{{identifier}}")
    async def patch_customer(session: _Opened, identifier: str, patch: _Patch) -> Any:
        row = await found(session, identifier)
        for name, value in _columns(patch.model_dump(mode="json", exclude_unset=True)).items():
            setattr(row, name, value)
        await session.commit()
        return _shown(row)

    @app.delete(f"{_PATH}/{{identifier}}", status_code=204)
    async def delete_customer(session: _Opened, identifier: str) -> None:
        await session.delete(await found(session, identifier))
        await session.commit()

    return app


def fill(url: str, documents: Sequence[dict[str, Any]]) -> None:
    """Make the table, and put *documents* with their ids into it."""
    engine = create_engine(_driver(url))
    _Base.metadata.create_all(engine)
    rows = [{"id": each["id"], "statusReason": None, **_columns(each)} for each in documents]
    with engine.begin() as connection:
        for start in range(0, len(rows), _ROWS_A_STATEMENT):
            connection.execute(insert(_Row), rows[start : start + _ROWS_A_STATEMENT])
    engine.dispose()


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _columns(body: dict[str, Any]) -> dict[str, Any]:
    columns = {name: body[name] for name in _ATTRIBUTES if name in body}
    if columns.get("validFor"):
        columns["start"] = datetime.fromisoformat(columns["validFor"]["startDateTime"]).replace(tzinfo=None)
    return columns


def _filtered(statement: Select[Any], asked: _Filters) -> Select[Any]:
    conditions = [
        column == value for column, value in ((_Row.name, asked.name), (_Row.status, asked.status)) if value is not None
    ]
    if asked.earliest is not None:
        conditions.append(_Row.start >= asked.earliest.replace(tzinfo=None))
    if asked.latest is not None:
        conditions.append(_Row.start <= asked.latest.replace(tzinfo=None))
    return statement.where(*conditions)


def _shown(row: _Row, fields: str | None = None) -> dict[str, Any]:
    body = {"id": row.id, "href": f"{_PATH}/{row.id}"}
    names = _ATTRIBUTES if fields is None else fields.split(",")
    return body | {name: value for name in names if (value := getattr(row, name, None)) is not None}


def _from_environment() -> FastAPI:
    return create_app(os.environ[_URL])


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    os.environ[_URL] = options.url
    factory = f"{__name__}:{_from_environment.__name__}"
    uvicorn.run(
        factory,
        factory=True,
        port=options.port,
        workers=options.workers,
        loop="uvloop",
        log_level="warning",
        access_log=False,
    )
