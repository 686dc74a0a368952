"""How others are called over HTTP: within their time, to their own address alone, by nobody's proxy."""

import http.client
import socket
import threading
import time
from contextlib import suppress
from functools import cache

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from cards.errors import NothingHeard

WALL_S = 30
_CONNECT_S, _READ_S = 5, 20
_LONGEST_BODY = 1024 * 1024
_PIECE = 64 * 1024


class _HasAWall:
    """A server that sends a byte now and then is never late for a read: the head of an answer has its time too."""

    def getresponse(self):
        self._is_late = False
        wall = threading.Timer(_READ_S, self._cut_off)
        wall.daemon = True
        wall.start()
        try:
            response = super().getresponse()
        finally:
            wall.cancel()
        if self._is_late:
            response.close()
            raise TimeoutError
        return response

    def _cut_off(self):
        self._is_late = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class _PlainConnection(_HasAWall, HTTPConnection):
    pass


class _SecureConnection(_HasAWall, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def _pool(base_url):
    """The connections of this process to somebody. Proxies of the environment are not asked: we are known there by our
    address."""
    pools = urllib3.PoolManager(num_pools=1, maxsize=16, retries=False, cert_reqs="CERT_REQUIRED")
    pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return pools.connection_from_url(base_url)


def exchange(base_url, method, address, body, headers, deadline=None, longest=_LONGEST_BODY):
    """Status, headers and body of the answer.

    Raises `NothingHeard` where no whole answer came in time, or one that is longer than so many bytes.
    """
    deadline = deadline or time.monotonic() + WALL_S
    timeout = urllib3.Timeout(connect=_CONNECT_S, read=_READ_S)
    try:
        response = _pool(base_url).request(
            method,
            address,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=timeout,
            preload_content=False,
            decode_content=False,
        )
        try:
            content = _body(response, deadline, longest)
        except BaseException:
            response.close()
            raise
        response.release_conn()
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise NothingHeard(_said(error)) from error
    return response.status, {name.lower(): value for name, value in response.headers.items()}, content


def _body(response, deadline, longest):
    content = b""
    while piece := response.read1(_PIECE, decode_content=False):
        content += piece
        if len(content) > longest:
            raise NothingHeard(f"the answer is longer than {longest // 1024**2} MB")
        if time.monotonic() > deadline:
            raise NothingHeard(f"no whole answer within {WALL_S} s")
    return content


def _said(error):
    """The error in a few words, without the address: parameters of requests are secret."""
    return type(error).__name__
