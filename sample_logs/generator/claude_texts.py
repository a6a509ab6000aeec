"""What developers and the coding agent say to each other: short, invented, without meaning for the money."""

from .jsontext import Json

PROMPTS: tuple[str, ...] = (
    "The refund webhook sometimes books twice. Find out why and fix it.",
    "Add a test for the return window, 30 days after delivery, at midnight.",
    "Refactor the policy engine so that clauses are data.",
    "Why is the nightly export slow? Profile it first.",
    "Rename parcel_state to shipment_state everywhere.",
    "Write a migration that adds a reason column to returns.",
    "The size chart endpoint returns 500 for kids' shoes.",
    "Review this branch and list what you would change.",
    "Make the ticket search case-insensitive.",
    "Update the docs for the intent service.",
    "Split settings.py, it does too much.",
    "Go on.",
    "Looks good, now the same for exchanges.",
)
REMARKS: tuple[str, ...] = (
    "I'll look at the handler first.",
    "The tests pass now.",
    "There are two callers; both need the change.",
    "The lock is taken after the read, which explains the double booking.",
    "Let me run the suite.",
    "I added a test that fails without the fix.",
    "The query has no index on order_id.",
    "Done. Three files changed.",
    "That assumption does not hold for exchanges, so I keep the old path there.",
    "I'll check how the policy is loaded.",
)
RESULTS: tuple[str, ...] = (
    "12 passed in 0.84s",
    "def refund(order: Order) -> Refund:\n    return policy.decide(order)",
    "src/returns/policy.py:41: if age_days > 30:",
    "The file has been updated.",
    "1 failed, 11 passed in 1.02s",
    "No matches found",
    "On branch fix/double-refund\nnothing to commit",
)
SUMMARIES: tuple[str, ...] = (
    "Refund webhook double booking",
    "Return window tests",
    "Policy clauses as data",
    "Nightly export profiling",
)
TOOLS: tuple[tuple[str, dict[str, Json]], ...] = (
    ("Bash", {"command": "pytest -q tests/returns", "description": "Run the returns tests"}),
    ("Read", {"file_path": "src/returns/policy.py"}),
    ("Edit", {"file_path": "src/returns/policy.py", "old_string": "> 30", "new_string": ">= 30"}),
    ("Grep", {"pattern": "parcel_state", "path": "src"}),
    ("Bash", {"command": "git diff --stat", "description": "Show what changed"}),
    ("Read", {"file_path": "tests/returns/test_window.py", "limit": 80}),
)
BRANCHES: tuple[str, ...] = ("main", "fix/double-refund", "feat/policy-data", "chore/settings")
DEVELOPERS: tuple[str, ...] = ("mara", "jonas", "priya")
LIMIT_NOTICE = "You've hit your usage limit. Your limit resets at 5pm."
