"""The chat page. It talks to the Assistant and shows what it returns; it decides nothing about answers."""
