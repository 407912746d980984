"""Objects that most commands build from the environment: the settings, and a recovery of their journal."""

import logging
import os

from order_engine.exchange.recovery import Recovery
from order_engine.journal.disk import Disk
from order_engine.settings import LogLevel, Settings


def settings_of_environment() -> Settings:
    """Read the settings; raise SettingInvalid if one cannot be used."""
    return Settings.from_environment(os.environ)


def log_to_standard_error(settings: Settings) -> None:
    """Log as LOG_LEVEL says. Alembic tells of every step that it takes, which only a developer wants to know."""
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.log_level is not LogLevel.DEBUG:
        logging.getLogger("alembic").setLevel(logging.WARNING)


def recovery_of(settings: Settings, disk: Disk) -> Recovery:
    """Return a recovery that reads the journal, its archive and the snapshot files."""
    return Recovery(settings.data_dir, disk, archive_directory=settings.archive_dir)
