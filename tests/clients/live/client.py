"""Follows a board with gql, and prints what it has at the end. scenario.mjs starts it.

Usage: python3 client.py JSON
"""

import asyncio
import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parent / "recipes"))

from board_copy import BoardCopy  # noqa: E402
from python_gql import follow  # noqa: E402

FAR = 1000
REFRESH = """mutation($input: RefreshSessionInput!) {
  refreshSession(input: $input) { accessToken refreshToken }
}"""


class CountingCopy(BoardCopy):
    """A copy that counts."""

    def __init__(self, board_id, query):
        super().__init__(board_id, query)
        self.seen, self.kinds, self.repeated, self.resets = [], set(), 0, 0
        self.changed = asyncio.Event()

    async def apply(self, payload):
        self.resets += payload["reset"]
        self.repeated += sum(event["sequence"] <= self.sequence for event in payload["events"])
        await super().apply(payload)
        self.changed.set()

    async def apply_event(self, event):
        self.seen.append(event["sequence"])
        self.kinds.add(event["__typename"])
        await super().apply_event(event)

    async def until(self, is_done):
        """Waits until `is_done()` is true."""
        while not is_done():
            await self.changed.wait()
            self.changed.clear()


class Tokens:
    """Renews the access token for each connection but the first."""

    def __init__(self, url, tokens):
        self.url, self.tokens = url, tokens
        self.renewals, self.is_first = 0, True

    async def access_token(self):
        if self.is_first:
            self.is_first = False
        else:
            self.renewals += 1
            variables = {"input": {"refreshToken": self.tokens["refreshToken"]}}
            data = await asyncio.to_thread(send, self.url, None, REFRESH, variables)
            self.tokens = data["refreshSession"]
        return self.tokens["accessToken"]

    async def query(self, document, variables):
        return await asyncio.to_thread(send, self.url, self.tokens["accessToken"], document, variables)


def send(url, token, query, variables):
    """Sends a request over HTTP."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps({"query": query, "variables": variables}).encode()
    with urlopen(Request(url, body, headers), timeout=30) as response:
        answer = json.load(response)
    if "errors" in answer:
        raise RuntimeError(answer["errors"])
    return answer["data"]


async def main(url, api_url, tokens, board_id):
    tokens = Tokens(api_url, tokens)
    url = url.replace("http", "ws", 1)

    copy = CountingCopy(board_id, tokens.query)
    await copy.load()
    begin = copy.sequence
    following = asyncio.create_task(follow(url, tokens.access_token, copy))
    version = int(await asyncio.to_thread(sys.stdin.readline))
    await ends_first(copy.until(lambda: copy.sequence >= version), following)

    late = CountingCopy(board_id, tokens.query)
    late.sequence = version + FAR
    late_following = asyncio.create_task(follow(url, tokens.access_token, late))
    await ends_first(late.until(lambda: late.resets > 0), late_following)
    for task in (following, late_following):
        task.cancel()
    await asyncio.gather(following, late_following, return_exceptions=True)

    result = {
        "begin": begin,
        "seen": copy.seen,
        "kinds": list(copy.kinds),
        "repeated": copy.repeated,
        "resets": copy.resets,
        "renewals": tokens.renewals,
        "cards": list(copy.cards.values()),
        "lateCards": list(late.cards.values()),
    }
    print(json.dumps(result))


async def ends_first(work, following):
    """Waits for `work`, which must end before the subscription does."""
    work = asyncio.ensure_future(work)
    await asyncio.wait([work, following], return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        following.result()
        raise RuntimeError("the subscription has completed")


arguments = json.loads(sys.argv[1])
asyncio.run(main(arguments["url"], arguments["apiUrl"], arguments["tokens"], arguments["boardId"]))
