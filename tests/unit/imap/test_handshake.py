"""A server that breaks off while TLS begins is no server with a bad certificate."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from mailconnector.imap import Endpoint, ImapClient, ImapConnectionError, ImapTlsError, Password, Security

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time: closing resets


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_connection_that_breaks_while_tls_begins_may_come_back(reset):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def break_off() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

        peer = threading.Thread(target=break_off)
        peer.start()
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1], Security.TLS)
        with pytest.raises(ImapConnectionError) as caught:
            ImapClient.connect(endpoint, Password("alice", "secret"))
        peer.join()
    assert not isinstance(caught.value, ImapTlsError)
