"""Requests over HTTP and subscriptions over WebSocket, with a session that renews its tokens."""

import asyncio
import random
import uuid
from pathlib import Path

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from graphql import parse, separate_operations

# Each operation of the file as a document of its own.
DOCUMENTS = separate_operations(parse((Path(__file__).parent / "kanban.graphql").read_text()))


def code_of(error):
    """The code of the first error."""
    return error.errors[0]["extensions"]["code"]


def is_busy(error):
    """Whether a mutation can be sent again, with the same `clientMutationId`."""
    extensions = [one["extensions"] for one in error.errors]
    return any(one["code"] == "SERVICE_UNAVAILABLE" or one.get("outcome") == "UNKNOWN" for one in extensions)


class Kanban:
    """The API for one user. Use it as `async with Kanban(url) as kanban`."""

    def __init__(self, url):
        self.url = url
        self.tokens = None
        self.refreshing = asyncio.Lock()
        self.client = Client(transport=HTTPXAsyncTransport(url=url, timeout=30))

    async def __aenter__(self):
        self.http = await self.client.connect_async()
        return self

    async def __aexit__(self, *_):
        await self.client.close_async()

    async def log_in(self, email, password):
        data = await self.send("LogIn", {"input": {"email": email, "password": password}})
        self.tokens = data["logIn"]

    async def run(self, name, variables=None):
        """The data of an operation. If the server refuses the access token, renews it and sends the operation again."""
        token = self.tokens["accessToken"]
        try:
            return await self.send(name, variables, token)
        except TransportQueryError as error:
            if code_of(error) != "UNAUTHENTICATED":
                raise
        await self.refresh(token)
        return await self.send(name, variables, self.tokens["accessToken"])

    async def run_safely(self, name, input):
        """Sends a mutation that changes a board until there is an answer. It takes effect once."""
        # One ID for each action of the user, whatever the number of requests.
        variables = {"input": {**input, "clientMutationId": str(uuid.uuid4())}}
        for retries in range(5):
            try:
                return await self.run(name, variables)
            except TransportConnectionFailed:
                pass
            except TransportQueryError as error:
                if not is_busy(error):
                    raise
            await asyncio.sleep(0.5 * 2**retries * random.uniform(0.5, 1.5))
        return await self.run(name, variables)

    async def send(self, name, variables=None, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = GraphQLRequest(DOCUMENTS[name], variable_values=variables)
        return await self.http.execute(request, extra_args={"headers": headers})

    async def refresh(self, refused):
        """Other tasks wait, and find that the refused token has been replaced: a refresh token can be used once."""
        async with self.refreshing:
            if self.tokens["accessToken"] != refused:
                return
            data = await self.send("RefreshSession", {"input": {"refreshToken": self.tokens["refreshToken"]}})
            self.tokens = data["refreshSession"]

    async def subscribe(self, name, variables):
        """The results of a subscription, until the connection is lost; docs/live.md has more."""
        transport = WebsocketsTransport(
            url=self.url.replace("http", "ws", 1),
            init_payload={"authorization": f"Bearer {self.tokens['accessToken']}"},
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        async with Client(transport=transport) as session:
            async for data in session.subscribe(GraphQLRequest(DOCUMENTS[name], variable_values=variables)):
                yield data
