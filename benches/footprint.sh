#!/usr/bin/env bash
# How long a start takes, how much memory an idle server holds, how big the binary is.
#
#   benches/footprint.sh [BINARY] [STARTS]
#
# BINARY defaults to target/release/roundhouse (cargo build --release). Every start but the first finds an existing data
# directory; the time runs from the start of the process to its ready line. Memory is read after two idle seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-target/release/roundhouse}
starts=${2:-10}
[ -x "$binary" ] || { echo "$binary is missing: cargo build --release" >&2; exit 1; }
dir=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT

now() { date +%s%N; }

begin() {
    : >"$dir/log"
    local begun
    begun=$(now)
    env -u CLEARML_CONFIG_DIR "$binary" serve --data "$dir/data" --api-port 0 --web-port 0 --files-port 0 2>"$dir/log" >/dev/null &
    server=$!
    until grep -q ' ready ' "$dir/log"; do
        kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
        sleep 0.002
    done
    took=$((($(now) - begun) / 1000000))
}
end() { kill -TERM "$server"; wait "$server" || true; server=; }

begin
echo "first start (secrets, database, administrator): $took ms"
end
times=()
for _ in $(seq "$starts"); do
    begin
    times+=("$took")
    end
done
sorted=$(printf '%s\n' "${times[@]}" | sort -n)
median=$(echo "$sorted" | sed -n "$(((starts + 1) / 2))p")
echo "start on an existing directory, $starts times: median $median ms, slowest $(echo "$sorted" | tail -n 1) ms"
begin
sleep 2
awk '/VmRSS/ {printf "idle: %.1f MB resident\n", $2 / 1024}' "/proc/$server/status"
end
printf 'binary: %.1f MB\n' "$(($(stat -c %s "$binary") / 1000))e-3"
