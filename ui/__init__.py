"""The chat page. It talks to the Assistant and shows what it returns; it decides nothing about answers."""

import os

# Read when gradio is imported: nothing is sent anywhere.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
