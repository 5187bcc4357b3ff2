"""How bytes come: over HTTP or from a local folder, verified as they stream, tried again where it may help.

Floor 3, a wing. Implements ``rxsync.ports.downloader``.
"""

from rxsync.download.coding import decoded, decoder_of
from rxsync.download.controls import Controls
from rxsync.download.downloads import Downloads, open_downloader
from rxsync.download.limits import Limits, limited
from rxsync.download.lines import LineSplitter
from rxsync.download.link import Link

__all__ = [
    "Controls",
    "Downloads",
    "Limits",
    "LineSplitter",
    "Link",
    "decoded",
    "decoder_of",
    "limited",
    "open_downloader",
]
