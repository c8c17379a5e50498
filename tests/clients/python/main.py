"""Runs the steps of ../steps.mjs: reads a step and its input as a line of JSON, and writes the result."""

import asyncio
import json
import sys

from gql.transport.exceptions import TransportQueryError
from kanban import Kanban


async def log_in(kanban, email, password):
    await kanban.log_in(email, password)
    return {"accessToken": kanban.tokens["accessToken"]}


async def refresh(kanban, accessToken, boardId):
    kanban.tokens["accessToken"] = accessToken
    viewer, board = await asyncio.gather(kanban.run("Viewer"), kanban.run("Board", {"id": boardId}))
    return {"email": viewer["viewer"]["email"], "title": board["board"]["title"]}


async def page_column(kanban, boardId, column, pageSize):
    ids, after, has_next = [], None, True
    while has_next:
        variables = {"boardId": boardId, "filter": {"columns": [column]}, "first": pageSize, "after": after}
        cards = (await kanban.run("Cards", variables))["board"]["cards"]
        ids += [card["id"] for card in cards["nodes"]]
        has_next, after = cards["pageInfo"]["hasNextPage"], cards["pageInfo"]["endCursor"]
    return {"cardIds": ids}


async def partial_errors(kanban, cardId, title, missingId):
    found, missing = ({"cardId": id, "title": title} for id in (cardId, missingId))
    try:
        await kanban.run("UpdateTwo", {"found": found, "missing": missing})
    except TransportQueryError as error:
        # The data of the mutation that succeeded comes with the error.
        data = error.data
        errors = [{"path": one["path"], "code": one["extensions"]["code"]} for one in error.errors]
        return {"title": data["found"]["card"]["title"], "missing": data["missing"], "errors": errors}


async def retry(kanban, boardId, column, title):
    data = await kanban.run_safely("CreateCard", {"boardId": boardId, "card": {"title": title, "column": column}})
    return {"cardId": data["createCard"]["card"]["id"]}


async def live_update(kanban, boardId, afterSequence, cardId):
    variables = {"boardId": boardId, "afterSequence": afterSequence}
    async for data in kanban.subscribe("BoardEvents", variables):
        for event in data["boardEvents"]["events"]:
            card = event.get("card")
            if card and card["id"] == cardId:
                return {"title": card["title"]}


STEPS = {
    "logIn": log_in,
    "refresh": refresh,
    "pageColumn": page_column,
    "partialErrors": partial_errors,
    "retry": retry,
    "liveUpdate": live_update,
}


async def main(url):
    write({"steps": list(STEPS)})
    async with Kanban(url) as kanban:
        while line := await asyncio.to_thread(sys.stdin.readline):
            message = json.loads(line)
            try:
                write({"result": await STEPS[message["step"]](kanban, **message["input"])})
            except Exception as error:
                write({"error": repr(error)})


def write(message):
    print(json.dumps(message), flush=True)


asyncio.run(main(json.loads(sys.argv[1])["url"]))
