"""An SQL column for integers beyond 64 bits, exact on every database: NUMERIC on PostgreSQL, text on SQLite."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine


class WideInteger(TypeDecorator[int]):
    """Python integers of any size. SQLite would keep a large NUMERIC as a rounded float, so it gets text."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:  # Any: one column type or the other
        """Choose the column type that is exact on this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric())
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | Decimal | None:
        """Convert to a type that the driver passes on exactly."""
        if value is None:
            return None
        return Decimal(value) if dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: str | Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Convert back to an integer."""
        return None if value is None else int(value)
