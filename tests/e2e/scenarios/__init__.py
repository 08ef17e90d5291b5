"""One module per part of the SDK that the server must serve."""
