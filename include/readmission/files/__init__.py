"""Files: written whole or not at all, and read in whatever format a hospital exports."""

from readmission.files.whole import PRIVATE, READABLE, folder_beside, sync_folder, write_whole

__all__ = ["PRIVATE", "READABLE", "folder_beside", "sync_folder", "write_whole"]
