"""Files that people send: to the disk while they arrive, and no further than the limit."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

MAY_SEND = "leads.add_importrun"


class BoundedUpload(TemporaryFileUploadHandler):
    """Takes files from people who may import; marks the request when one is too large.

    What is not taken is read and dropped, so that the page can answer.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.request is None or not self.request.user.has_perm(MAY_SEND):
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.UPLOAD_LIMIT:
            self.request.is_upload_too_large = True  # type: ignore[union-attr]
            raise SkipFile
        super().receive_data_chunk(raw_data, start)
