"""Connections whose commands can be cancelled, and a pool of them, with little said around each command."""

from __future__ import annotations

import asyncio
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, ConnectionPool
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import TimeoutError as StoreTimeoutError


class PromptSending:
    """Mixed in before a connection class of redis-py: bounds a send by `asyncio.timeout`, packs in C.

    redis-py bounds it by `asyncio.wait_for`, which in Python 3.11 swallows a cancellation that arrives
    just as the send ends (https://github.com/python/cpython/issues/86296): a loop that was told to
    stop, or a call whose time is over, would go on. It also makes a task of every command.
    """

    socket_timeout: float | None

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """As the class that this is mixed into; a connection serves one command at a time."""
        bound, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(bound):
                await super().send_packed_command(command, check_health)  # type: ignore[misc]
        except TimeoutError as error:
            raise StoreTimeoutError("the store did not take the command in time") from error
        finally:
            self.socket_timeout = bound

    def pack_command(self, *args: Any) -> list[bytes]:
        """A command in the Redis protocol. redis-py's asyncio connections pack in Python, which took a
        quarter of the router's CPU time: a commit of 50 messages has 700 arguments.
        """
        name, *rest = args
        words = name.split()  # a command's name may hold several words ("XGROUP CREATE")
        return [hiredis.pack_command((*words, *rest))]


class PromptPool(ConnectionPool):
    """Hands out at most ``max_connections`` connections, and waits up to ``patience_s`` for a free one.

    redis-py's BlockingConnectionPool does the same with a condition, two timeouts and telemetry, which
    took as much CPU time as the rest of a command (77 against 43 microseconds in all).
    """

    def __init__(
        self,
        connection_class: type[Any] = Connection,
        max_connections: int = 100,
        patience_s: float = 5.0,
        **connection_kwargs: Any,
    ) -> None:
        kind = type(f"Prompt{connection_class.__name__}", (PromptSending, connection_class), {})
        super().__init__(kind, max_connections, **connection_kwargs)
        self._free, self._patience_s = asyncio.Semaphore(max_connections), patience_s

    async def get_connection(self, *_: Any, **__: Any) -> AbstractConnection:
        """A connection that is ready to send. Raises redis' ConnectionError where none is."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise StoreConnectionError("no connection to the store became free in time") from error
        connection: AbstractConnection = self.get_available_connection()  # type: ignore[no-untyped-call]
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back."""
        self._in_use_connections.remove(connection)
        try:
            if connection.should_reconnect():  # type: ignore[no-untyped-call]
                await connection.disconnect()
        finally:
            self._available_connections.append(connection)
            self._free.release()
