def shout(key, key_prefix, version):
    """A KEY_FUNCTION of a project's own."""
    return f"{key_prefix}/{key.upper()}/v{version}"
