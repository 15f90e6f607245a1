"""What a stranger may send, line by line: answered by our own error, never by rows that were not meant."""
