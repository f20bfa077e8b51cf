"""How a command fails: one line that a person can act on, and an exit code that a script can.

0 done · 1 refused or failed · 2 some of the input was rejected (or the command line itself is wrong) ·
3 the service or the store cannot be reached.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from shared.errors import SwitchyardError, UnavailableError

FAILED = 1
REJECTED = 2
UNREACHABLE = 3


class CommandGroup(TyperGroup):
    """Commands whose errors are told without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        # gRPC's C core writes to standard error past every log; what matters of it reaches us as statuses.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        try:
            return super().invoke(ctx)
        except UnavailableError as error:
            code, text = UNREACHABLE, f"{error}; is Switchyard running there? `switchyard doctor` looks closer"
        except SwitchyardError as error:
            code, text = FAILED, str(error)
        except BrokenPipeError:
            code, text = FAILED, ""  # the reader of our output has gone: nothing to tell it
        except OSError as error:
            store = _store_failure(error)
            code, text = (UNREACHABLE, store) if store else (FAILED, _of_os(error))
        except Exception as error:
            store = _store_failure(error)
            if not store:
                raise
            code, text = UNREACHABLE, store
        if text:
            typer.echo(f"error: {text}", err=True)
        raise typer.Exit(code)


def _store_failure(error: Exception) -> str:
    """What to say where Redis is away or refuses; redis-py is only asked about if somebody has imported it."""
    exceptions = sys.modules.get("redis.exceptions")
    if exceptions is None or not isinstance(error, exceptions.RedisError):
        return ""
    return f"the store does not answer ({error}); is platform.redis_url right? `switchyard doctor` looks closer"


def _of_os(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{error}: another program listens on one of our ports; `switchyard doctor` tells which"
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
