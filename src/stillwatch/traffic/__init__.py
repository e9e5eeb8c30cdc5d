"""What was asked: the request schema, readers of the formats people have, pseudonyms."""
