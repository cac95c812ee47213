"""When the TLS certificate of a database server expires."""

import socket
import ssl
import struct

import psycopg
from cryptography import x509

SECONDS = 3
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""Requests TLS from a PostgreSQL server, which responds with one letter."""
ACCEPTED = b"S"


def expiry(connection: psycopg.Connection) -> float | None:
    """Return when the certificate of an open connection's server expires, in epoch seconds.

    The certificate is read from a second connection without a login, because libpq does not show
    it. It is not verified, so that an expired one is read as well.

    Returns
    -------
    float or None
        None if the connection is not encrypted.

    Raises
    ------
    OSError
        If the server does not respond as expected.
    """
    if not connection.pgconn.ssl_in_use:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    server = (connection.info.hostaddr or connection.info.host, connection.info.port)
    with socket.create_connection(server, SECONDS) as plain:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != ACCEPTED:
            return None
        with context.wrap_socket(plain) as encrypted:
            certificate = encrypted.getpeercert(binary_form=True)
    if not certificate:
        return None
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc.timestamp()
