# Keeps a guest busy for $1 seconds: pipes, forks, signals, files, memory. Says BAD-...
# when an answer is wrong.
end=$(($(date +%s) + $1))
busy() { [ $(date +%s) -lt $end ]; }
pipes() {
  want=$(seq 1 2000 | md5sum)
  while busy; do
    [ "$(seq 1 2000 | sort -rn | sort -n | md5sum)" = "$want" ] || echo BAD-PIPE
  done
}
forks() {
  while busy; do
    for i in 1 2 3 4 5 6 7 8; do (true | true) & done
    wait
  done
}
signals() {
  while busy; do
    sleep 100 & p=$!
    kill -STOP $p; kill -CONT $p; kill -TERM $p
    wait $p
    [ $? = 143 ] || echo BAD-SIGNAL
  done 2>/dev/null
}
files() {
  while busy; do
    dd if=/dev/urandom of=/tmp/f$1 bs=64k count=20 2>/dev/null
    [ "$(gzip -c /tmp/f$1 | gunzip | md5sum)" = "$(md5sum </tmp/f$1)" ] || echo BAD-FILE
    rm /tmp/f$1
  done
}
memory() {
  while busy; do
    awk 'BEGIN { for (i = 0; i < 60000; i++) a[i] = i * 3
                 for (i in a) s += a[i]
                 if (s != 5399910000) print "BAD-SUM " s }'
  done
}
mount -t tmpfs tmp /tmp
pipes & forks & signals & files 1 & files 2 & memory &
wait
echo LOAD-DONE
