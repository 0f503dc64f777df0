#!/bin/sh
# A Pulumi that costs next to nothing: it locks as Pulumi's file backend does, makes five things in a stack, and on
# SIGINT ends after the one it is making. Its version is one for which the Automation API reads events from a file.
# STATES is a folder: <stack> holds what was made, a line each; <stack>.lock is the lock; `begun` lists the updates; with
# <stack>.half-written the state cannot be read. It gives out no secrets.
verb= stack= log=
while [ $# -gt 0 ]; do
	case "$1" in
	--stack) stack=$2; shift ;;
	--event-log) log=$2; shift ;;
	--show-secrets) echo "error: nobody needs the secrets" >&2; exit 255 ;;
	-*) ;;
	*) verb="${verb:+$verb }$1" ;;
	esac
	shift
done
lock="$STATES/$stack.lock"
tell() { echo "{\"sequence\": 1, \"timestamp\": 1, $1}" >>"$log"; }
summary() { tell "\"summaryEvent\": {\"resourceChanges\": {$1}}"; tell '"cancelEvent": {}'; }
missing() { echo $((5 - $(wc -l <"$STATES/$stack"))); }

case "$verb" in
version) echo v3.150.0; exit ;;
"stack export")
	[ ! -e "$STATES/$stack.half-written" ] || { echo "error: failed to load checkpoint: EOF" >&2; exit 255; }
	echo '{"version": 3, "deployment": {}}'; exit ;;
cancel) rm -f "$lock"; exit ;;
preview*) summary "\"create\": $(missing)"; exit ;;
esac
touch "$STATES/$stack"
# Links are made in one step, so that of two at once one fails.
if ! ln -s "created by $(id -un)@$(hostname) (pid $$) at $(date -u +%Y-%m-%dT%H:%M:%SZ)" "$lock" 2>/dev/null; then
	echo "error: the stack is currently locked by 1 lock(s). Either wait or delete it: $(readlink "$lock")" >&2
	exit 255
fi
[ -n "$log" ] || { rm "$lock"; exit 255; }
echo "$stack" >>"$STATES/begun"
# A plugin, which ends with Pulumi, or has to be ended.
sleep 600 &
plugin=$!
trap 'cancelled=yes' INT
before=$(missing)
while [ "$(missing)" -gt 0 ] && [ -z "$cancelled" ]; do
	sleep 0.2
	echo "thing $(missing)" >>"$STATES/$stack"
done
kill $plugin
rm "$lock"
[ -z "$cancelled" ] || { tell '"cancelEvent": {}'; echo "error: update canceled" >&2; exit 255; }
summary "\"create\": $before"
