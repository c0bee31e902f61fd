#!/usr/bin/env bash
# Ends what start_slurm.sh FOLDER started, except munged, which others may use.
for daemon in slurmd slurmctld; do
    if [ -s "$1/$daemon.pid" ]; then
        kill "$(cat "$1/$daemon.pid")" 2>/dev/null || true
    fi
done
