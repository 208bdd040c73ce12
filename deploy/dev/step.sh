#!/bin/sh
# step.sh TITLE COMMAND… runs a command and tells how long it took.
title=$1
shift
printf '==> %s\n' "$title"
start=$(date +%s)
"$@"
status=$?
took=$(($(date +%s) - start))
if [ "$status" -eq 0 ]; then
	printf '    %s: %d s\n' "$title" "$took"
else
	printf '    %s: FAILED after %d s (exit %d)\n' "$title" "$took" "$status" >&2
fi
exit "$status"
