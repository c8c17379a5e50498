"""The same as board_copy.mjs."""

from documents import BOARD

COLORS = ["RED", "ORANGE", "YELLOW", "GREEN", "BLUE", "PURPLE", "GRAY"]
CARD_EVENTS = {
    "CardCreatedEvent",
    "CardUpdatedEvent",
    "CardMovedEvent",
    "CardLabelsChangedEvent",
    "CardRestoredEvent",
}


class BoardCopy:
    """The cards of a board, kept up to date with the payloads of `boardEvents`."""

    def __init__(self, board_id, query):
        """`query(document, variables)` returns the data of a query."""
        self.board_id = board_id
        self.query = query
        self.cards = {}
        self.sequence = 0

    async def load(self):
        """Forgets everything and fetches the board."""
        cards, version, after = {}, None, None
        while True:
            board = (await self.query(BOARD, {"boardId": self.board_id, "after": after}))["board"]
            if board is None:
                raise LookupError("The board does not exist, or you may not see it.")
            # The version of the first page: changes between the pages come again as events.
            if version is None:
                version = board["version"]
            cards |= {card["id"]: card for card in board["cards"]["nodes"]}
            page = board["cards"]["pageInfo"]
            if not page["hasNextPage"]:
                break
            after = page["endCursor"]
        self.cards, self.sequence = cards, version

    async def apply(self, payload):
        """Applies a payload. Wait for the result before you apply the next one."""
        if payload["reset"]:
            return await self.load()
        for event in payload["events"]:
            if event["sequence"] > self.sequence:
                await self.apply_event(event)
                self.sequence = max(self.sequence, event["sequence"])

    async def apply_event(self, event):
        kind = event["__typename"]
        if kind in CARD_EVENTS:
            # None if the card was deleted later. Its CardDeletedEvent will follow.
            if event["card"]:
                self.cards[event["card"]["id"]] = event["card"]
        elif kind == "CardDeletedEvent":
            self.cards.pop(event["cardId"], None)
        elif kind == "ColumnReorderedEvent":
            # None if the column has more than 1,000 cards.
            if event["cards"] is None:
                return await self.load()
            self.cards |= {card["id"]: card for card in event["cards"]}
        elif kind == "LabelUpdatedEvent" and event["label"]:
            self.replace_label(event["label"])
        elif kind == "LabelDeletedEvent":
            self.remove_label(event["labelId"], event["sequence"])

    def replace_label(self, label):
        for card in self.cards.values():
            labels = [label if one["id"] == label["id"] else one for one in card["labels"]]
            card["labels"] = sorted(labels, key=lambda one: COLORS.index(one["color"]))

    def remove_label(self, label_id, sequence):
        """The cards that had the label get a new version, but no events of their own."""
        for card in self.cards.values():
            labels = [one for one in card["labels"] if one["id"] != label_id]
            if len(labels) < len(card["labels"]):
                card["labels"] = labels
                card["version"] = max(card["version"], sequence)
