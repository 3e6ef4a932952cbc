/* Preloaded into a process, makes each flush to the disk slower: SMQ_BENCH_FLUSH_US microseconds before the real call.
 *
 * It calls the kernel directly, so it needs no look-up of the functions that it stands in for.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void delay(void) {
    static long microseconds = -1;
    if (microseconds < 0) {
        const char *wanted = getenv("SMQ_BENCH_FLUSH_US");
        microseconds = wanted ? atol(wanted) : 0;
    }
    struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&pause, 0);
}

int fsync(int descriptor) {
    delay();
    return syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor) {
    delay();
    return syscall(SYS_fdatasync, descriptor);
}
