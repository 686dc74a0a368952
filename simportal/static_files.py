from whitenoise.storage import CompressedManifestStaticFilesStorage

from simportal import __version__


class OfThisVersion(CompressedManifestStaticFilesStorage):
    """Static files in the folder that versions share, listed for each by itself.

    So the version before goes on, and can be gone back to, after `collectstatic` of this one: its pages find its files.
    """

    manifest_name = f"staticfiles-{__version__}.json"
