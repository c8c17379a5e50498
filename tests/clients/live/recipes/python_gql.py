import asyncio
import random

from gql import Client, gql
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed, TransportServerError
from gql.transport.websockets import WebsocketsTransport

from documents import BOARD_EVENTS

# TransportServerError: the server has not answered a ping. GraphQL errors are TransportQueryError.
CONNECTION_LOST = (TransportClosed, TransportConnectionFailed, TransportServerError)


def connect(url, access_token):
    """`url` begins with ws:// or wss://."""
    transport = WebsocketsTransport(
        url=url,
        init_payload={"authorization": f"Bearer {access_token}"},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        ping_interval=10,
        pong_timeout=5,
        close_timeout=1,
    )
    return Client(transport=transport)


async def follow(url, access_token, copy):
    """Ends when the user may no longer see the board. `access_token()` returns a valid access token."""
    retries = 0
    while True:
        try:
            async with connect(url, await access_token()) as session:
                request = gql(BOARD_EVENTS)
                request.variable_values = {"boardId": copy.board_id, "afterSequence": copy.sequence}
                async for result in session.subscribe(request):
                    await copy.apply(result["boardEvents"])
                    retries = 0
                return
        except CONNECTION_LOST:
            await asyncio.sleep(min(0.5 * 2**retries, 30) * random.uniform(0.5, 1.5))
            retries += 1
