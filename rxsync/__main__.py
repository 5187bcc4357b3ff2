"""``python -m rxsync`` is the command ``rxsync``.

Floor 6, doors.
"""

from rxsync.cli import main

if __name__ == "__main__":
    main()
