"""Objects that most commands build from the environment: the settings, and a recovery of their journal."""

import os

from order_engine.exchange.recovery import Recovery
from order_engine.journal.disk import Disk
from order_engine.settings import Settings


def settings_of_environment() -> Settings:
    """Read the settings; raise SettingInvalid if one cannot be used."""
    return Settings.from_environment(os.environ)


def recovery_of(settings: Settings, disk: Disk) -> Recovery:
    """Return a recovery that reads the journal, its archive and the snapshot files."""
    return Recovery(settings.data_dir, disk, archive_directory=settings.archive_dir)
