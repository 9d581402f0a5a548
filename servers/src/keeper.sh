# Runs a server for an owner at the other end of standard input.
# A line from the owner: the server has ended, tell how. No owner any more: end it and remove $dir.
signal=$1 dir=$2 log=$3
shift 3
exec 3<&0 2>>"$log"
"$@" </dev/null >>"$log" 3<&- &
server=$!
echo "$server"
if read -r line <&3; then
    wait "$server"
    exit
fi
kill -s "$signal" "$server" 2>/dev/null
tries=500
while [ "$tries" -gt 0 ] && kill -0 "$server" 2>/dev/null; do
    sleep 0.02
    tries=$((tries - 1))
done
kill -s KILL "$server" 2>/dev/null
rm -rf -- "$dir"
