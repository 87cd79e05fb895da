"""A tool that is asked about each time, as it stands in a worker's file behind its workflow."""

TOOL = """
[[workflow.tool]]
name = "transfer"
description = "Sends money"
url = "WORLD/tools/transfer"
approval = "always"

[workflow.tool.inputSchema]
type = "object"
required = ["amount", "recipient"]
properties.amount = { type = "number", minimum = 1 }
properties.recipient = { type = "string" }
"""
