DROP TABLE cards_labels;
DROP TABLE cards;
DROP TABLE labels;
DROP TABLE users_boards;
DROP TABLE boards;
DROP TABLE users;
