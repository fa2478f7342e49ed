#!/bin/sh
# Stands before git on PATH: when $KILL_WORD is among the words, the whole process group is killed $KILL_AFTER seconds
# after git has started. $REAL_GIT is git.
for word; do
  if [ "$word" = "$KILL_WORD" ]; then
    echo "$KILL_WORD git $*" >>"$FAULT_LOG"
    (sleep "$KILL_AFTER" && kill -9 0) </dev/null >/dev/null 2>&1 &
    break
  fi
done
exec "$REAL_GIT" "$@"
