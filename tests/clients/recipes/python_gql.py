import asyncio
import random

from gql import Client, gql
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

from documents import BOARD_EVENTS


async def follow(url, access_token, copy):
    """Ends when the user may no longer see the board. `url` begins with ws:// or wss://."""
    while True:
        try:
            return await follow_once(url, await access_token(), copy)
        except (TransportClosed, TransportConnectionFailed):
            await asyncio.sleep(0.25 + random.random() / 2)


async def follow_once(url, access_token, copy):
    transport = WebsocketsTransport(
        url=url,
        init_payload={"authorization": f"Bearer {access_token}"},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        ping_interval=10,
        pong_timeout=5,
    )
    async with Client(transport=transport) as session:
        request = gql(BOARD_EVENTS)
        request.variable_values = {"boardId": copy.board_id, "afterSequence": copy.sequence}
        async for result in session.subscribe(request):
            await copy.apply(result["boardEvents"])
