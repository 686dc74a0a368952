#!/bin/bash
# /usr/local/sbin/simportal-backup: one folder for each night under /var/backups/simportal, of which `last` is the newest.
# Files are copied before the rows and again after them: a file that a row of the dump knows was there before the dump,
# or came while it was taken, and is in one of the two copies. A file too many is no loss, a missing one is.
set -euo pipefail
backups=/var/backups/simportal files=/var/lib/simportal/files keep=${KEEP_BACKUPS:-14}
target=$backups/$(date -u +%Y-%m-%dT%H%M%SZ)
umask 077
cd "$backups"
rm -rf unfinished && mkdir unfinished

# What is as it was last night takes no room: it is the same file, under two names.
copy_files() { rsync --archive --exclude=/arriving --link-dest="$backups/last/files" "$files/" unfinished/files/; }
copy_files
runuser -u postgres -- pg_dump --format=custom simportal > unfinished/rows.dump
copy_files
pg_restore --list unfinished/rows.dump > unfinished/contents.txt  # it can be read
sync --file-system unfinished

mv unfinished "$target"
ln --symbolic --force --no-dereference "$(basename "$target")" last
find . -mindepth 1 -maxdepth 1 -type d -name '20*' | sort | head --lines=-"$keep" | xargs --no-run-if-empty rm -rf
touch /var/lib/simportal/backup_finished  # whoever watches reads its age
echo "Backup finished: $target, $(du --summarize --human-readable "$target" | cut --fields=1)"
