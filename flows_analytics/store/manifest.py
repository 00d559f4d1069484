"""The manifest: which files the tables consist of. Written last, and whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows_analytics.errors import StoreError
from flows_analytics.files.atomic import replace
from flows_analytics.files.layout import TABLES_DIRECTORY
from flows_analytics.store.tally import TALLY_VERSION

_NAME = "manifest.json"

VERSION = 1
"""Version of the tables' columns and of the manifest itself."""

_DayFiles = dict[str, list[str]]


class Manifest(BaseModel):
    """Which files the tables consist of. What is not listed does not count.

    Attributes:
        version: Version of the tables.
        nodes: The file of the table ``nodes``; None while there is none.
        files: The other tables, and tallies of them: file names by day, by table.
        tallied: The days of which there are tallies. Of what there is none of, a tally has no file.
        tally_version: Version of those tallies.
    """

    model_config = ConfigDict(frozen=True)

    version: int = VERSION
    nodes: str | None = None
    files: dict[str, _DayFiles] = Field(default_factory=dict[str, _DayFiles])
    tallied: tuple[str, ...] = ()
    tally_version: int = 0

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the manifest of a calls directory.

        Args:
            directory: The calls directory.

        Returns:
            The manifest; an empty one where nothing has been compacted.

        Raises:
            StoreError: ``manifest_not_valid``, or ``tables_too_new`` if a later release wrote it.
        """
        path = directory / TABLES_DIRECTORY / _NAME
        try:
            manifest = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValidationError:
            raise StoreError(
                "manifest_not_valid", f"{path}: not a manifest. Delete {path.parent} and compact again."
            ) from None
        if manifest.version > VERSION:
            raise StoreError(
                "tables_too_new",
                f"{path}: the tables have version {manifest.version}, this release reads {VERSION}: "
                "upgrade flows-analytics",
            )
        return manifest

    def save(self, directory: Path) -> None:
        """Put it in the place of the one before, in one step.

        Args:
            directory: The calls directory.

        Raises:
            OSError: It cannot be written; the one before stays.
        """
        replace(directory / TABLES_DIRECTORY / _NAME, self.model_dump_json(indent=1).encode())

    def paths(self, directory: Path, table: str, days: set[str] | None = None) -> list[Path]:
        """List the files of a table.

        Args:
            directory: The calls directory.
            table: The table.
            days: Days such as ``2026-01-31``; None for all.

        Returns:
            The files.
        """
        root = directory / TABLES_DIRECTORY / table
        return [
            root / f"date={day}" / name
            for day, names in self.files.get(table, {}).items()
            if days is None or day in days
            for name in names
        ]

    @property
    def is_tallied(self) -> bool:
        """Whether there are tallies of all days, of the version that is read."""
        days = {day for files in self.files.values() for day in files}
        return days.issubset(self.tallied if self.tally_version == TALLY_VERSION else ())

    def nodes_path(self, directory: Path) -> Path | None:
        """Say where the table ``nodes`` is.

        Args:
            directory: The calls directory.

        Returns:
            Its file; None while there is none.
        """
        return directory / TABLES_DIRECTORY / "nodes" / self.nodes if self.nodes else None

    def listed(self, directory: Path) -> set[Path]:
        """List all its files.

        Args:
            directory: The calls directory.

        Returns:
            The files.
        """
        nodes = self.nodes_path(directory)
        return {path for table in self.files for path in self.paths(directory, table)} | (
            {nodes} if nodes else set()
        )
