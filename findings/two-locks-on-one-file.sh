#!/usr/bin/env bash
# Expected: two programs that lock the same file on one machine keep each other out, whatever they are written in.
# Happens:  on Linux there are two kinds of lock that do not know of each other. Python's filelock and portalocker, Ruby's
#           File#flock and the command flock use the one; fasteners and Java's FileLock the other. Each keeps its own kind
#           out, and both kinds are held at once.
# Versions: filelock 4.3.1, portalocker 4.4.2, fasteners 0.20, Ruby 3.1, util-linux 2.38, OpenJDK 17 of Debian 12.
# Matters:  a script that guards a shared token file with one of them does not keep a program out that uses another, and
#           two tokens are asked for, or half a file is read.
# To do:    all programs that share a file use locks of one kind; try each pair, because none of them says which it takes.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian ruby util-linux openjdk-17-jdk-headless
pypi filelock==4.3.1 portalocker==4.4.2 fasteners==0.20

# A program for each: takes the lock, says "held", and keeps it until its standard input ends; else says "refused".
cat > in_python.py << 'PYTHON'
import sys
name = sys.argv[1]
try:
    if name == "filelock":
        import filelock
        lock = filelock.FileLock("lock", timeout=0)
        lock.acquire()
    elif name == "portalocker":
        import portalocker
        lock = portalocker.Lock("lock", mode="a", timeout=0, fail_when_locked=True)
        lock.acquire()
    else:
        import fasteners
        lock = fasteners.InterProcessLock("lock")
        if not lock.acquire(blocking=False):
            raise RuntimeError
except Exception:
    sys.exit(print("refused"))
print("held", flush=True)
sys.stdin.read()
PYTHON
cat > lock.rb << 'RUBY'
file = File.open("lock", "a")
if file.flock(File::LOCK_EX | File::LOCK_NB)
  puts "held"
  $stdout.flush
  $stdin.read
else
  puts "refused"
end
RUBY
cat > Lock.java << 'JAVA'
import java.nio.channels.FileChannel;
import java.nio.file.*;

class Lock {
    public static void main(String[] arguments) throws Exception {
        var file = FileChannel.open(Path.of("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (file.tryLock() == null) {
            System.out.println("refused");
            return;
        }
        System.out.println("held");
        System.in.readAllBytes();
    }
}
JAVA
javac Lock.java

take() {
    case $1 in
    Ruby) exec ruby lock.rb ;;
    Java) exec java -cp . Lock ;;
    flock) exec flock --nonblock --conflict-exit-code 0 lock sh -c 'echo held; cat' | head -1 | grep . || echo refused ;;
    *) exec venv/bin/python in_python.py "$1" ;;
    esac
}

# beside FIRST SECOND: what the second gets while the first holds the lock.
beside() {
    rm -f lock said
    coproc holder { take "$1"; }
    local input=${holder[1]} pid=$holder_PID line
    read -r line <&"${holder[0]}"
    [ "$line" = held ] || { echo "$1 does not get a free lock" >&2; exit 1; }
    (take "$2") < /dev/null > said || true
    exec {input}>&-
    wait "$pid" || true
    cat said
}
one=(filelock portalocker Ruby)
other=(fasteners Java)
for first in "${one[@]}"; do
    for second in "${one[@]}" flock; do expect "$first, then $second" refused "$(beside "$first" "$second")"; done
    for second in "${other[@]}"; do expect "$first, then $second" held "$(beside "$first" "$second")"; done
done
for first in "${other[@]}"; do
    for second in "${other[@]}"; do expect "$first, then $second" refused "$(beside "$first" "$second")"; done
    for second in "${one[@]}" flock; do expect "$first, then $second" held "$(beside "$first" "$second")"; done
done
