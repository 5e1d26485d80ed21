"""Bodies that schemathesis cannot write by itself."""

import schemathesis


@schemathesis.serializer("application/x-tar")
def tar(context, value):
    # Made-up bytes: an archive is refused or taken, and never a fault.
    made_up = getattr(value, "data", value)
    return made_up if isinstance(made_up, bytes) else str(made_up).encode()
