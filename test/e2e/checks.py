"""What a case demands. A demand that is not met raises Failed, with both sides in its message."""


class Failed(Exception):
    pass


def equal(actual, expected, what):
    if actual != expected:
        raise Failed(f"{what}:\n  expected {expected!r}\n  got      {actual!r}")


def holds(condition, what):
    if not condition:
        raise Failed(what)


def contains(text, part, what):
    if part not in text:
        raise Failed(f"{what}: {part!r} is not in\n{text}")


def refused(action, what):
    """action() must raise ConnectionRefusedError."""
    try:
        result = action()
    except ConnectionRefusedError:
        return
    raise Failed(f"{what}: not refused, but {result!r}")
