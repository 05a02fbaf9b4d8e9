#!/usr/bin/env bash
# Expected: Java keeps a library that JNA loaded as long as it runs, and a callback as long as the library has it.
# Happens:  JNA closes the library when the garbage collector takes the object of Native.load. A thread of the library then
#           runs where there is no code any more, and the JVM ends with SIGSEGV. A callback that only C still knows is gone
#           at the next collection: later calls do nothing, and nobody hears of it.
# Versions: JNA 5.13.0 and OpenJDK 17 of Debian 12.
# Matters:  a program that makes a connection in a method, with the library and the log function in local variables,
#           crashes or loses its log after a while.
# To do:    keep both in static fields. A library with threads of its own is linked with -z nodelete, which keeps it.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian libjna-java openjdk-17-jdk-headless gcc libc6-dev
cat > lines.c << 'C'
#include <pthread.h>
#include <time.h>
typedef void (*line_fn)(void);

static void *many(void *fn) {
    struct timespec pause = {0, 1000000};
    for (int number = 0; number < 1000; number++) {
        ((line_fn)fn)();
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* 1000 lines in a second or two, on another thread. */
void write_in_background(line_fn fn) {
    pthread_t thread;
    pthread_create(&thread, NULL, many, fn);
}
C
gcc -shared -fPIC -pthread lines.c -o libplain.so
gcc -shared -fPIC -pthread -Wl,-z,nodelete lines.c -o libkept.so
cat > Lines.java << 'JAVA'
import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import java.util.concurrent.atomic.AtomicInteger;

public class Lines {
    public interface Line extends Callback { void write(); }
    public interface Native_ extends Library { void write_in_background(Line line); }
    static final AtomicInteger written = new AtomicInteger();
    static Object library, line;

    static void begin(String path, String keeps) {
        Native_ lines = Native.load(path, Native_.class);
        // Java makes a new object for a lambda only if that has something of its own.
        AtomicInteger mine = written;
        Line here = () -> mine.incrementAndGet();
        if (keeps.contains("library")) library = lines;
        if (keeps.contains("line")) line = here;
        lines.write_in_background(here);
    }

    public static void main(String[] arguments) throws Exception {
        begin(arguments[0], arguments[1]);
        for (int n = 0; n < 30; n++) { Thread.sleep(100); System.gc(); }
        System.out.println(written.get() == 1000 ? "every line" : "not every line");
    }
}
JAVA
javac -cp /usr/share/java/jna.jar Lines.java

runs() {
    local status=0
    timeout 30 java -XX:-CreateCoredumpOnCrash -cp /usr/share/java/jna.jar:. Lines "$work/$1" "$2" > said 2>&1 || status=$?
    if [ "$status" = 0 ]; then tail -1 said; else grep -ao 'SIGSEGV' said | head -1; fi
}
expect "both in static fields" "every line" "$(runs libplain.so 'library and line')"
expect "the library in a local variable" SIGSEGV "$(runs libplain.so line)"
expect "the same, -z nodelete" "every line" "$(runs libkept.so line)"
expect "the callback in a local variable" "not every line" "$(runs libkept.so library)"
