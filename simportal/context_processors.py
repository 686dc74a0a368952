from simportal import __version__


def version(request):
    """What every page says at its foot to those who are logged in."""
    return {"version": __version__}
