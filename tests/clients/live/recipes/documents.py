from pathlib import Path

_here = Path(__file__).parent

BOARD = (_here / "board.graphql").read_text()
BOARD_EVENTS = (_here / "board_events.graphql").read_text()
